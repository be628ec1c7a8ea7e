// SPDX-License-Identifier: BSL-1.0
// Hosts by the rules of RFC 3986 section 3.2.2, with the IPv4 spellings of the WHATWG URL standard
// section 3.5.
#include "crawler/host.h"

#include "crawler/percent.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace crawler {
namespace {

constexpr std::size_t longest_name = 253;  // RFC 1035 section 2.3.4, without the length bytes
constexpr std::size_t longest_label = 63;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

host_result fail(std::string reason) {
    return {{}, std::move(reason)};
}

host_result canonical_ipv6(std::string_view text) {
    const std::string inside(text.substr(1, text.size() - 2));
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> printed{};
    if (inet_pton(AF_INET6, inside.c_str(), &address) != 1)
        return fail("bad IPv6 address " + std::string(text));
    inet_ntop(AF_INET6, &address, printed.data(), printed.size());
    return {'[' + std::string(printed.data()) + ']', {}};
}

/// A host whose last label is a number is an IPv4 address or nothing (WHATWG "ends in a number"): libc would
/// take it for an address and never ask a name server.
bool ends_in_number(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    const auto dot = name.rfind('.');
    const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (std::all_of(last.begin(), last.end(), is_digit)) return true;
    return last.starts_with("0x") && last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

host_result canonical_ipv4(std::string name) {
    if (name.ends_with('.')) name.pop_back();
    in_addr address{};
    std::array<char, INET_ADDRSTRLEN> printed{};
    if (inet_aton(name.c_str(), &address) == 0) return fail("bad IPv4 address " + name);
    inet_ntop(AF_INET, &address, printed.data(), printed.size());
    return {printed.data(), {}};
}

/// Why a lower-case name cannot be a host name; empty when it can.
std::string objection_to(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);  // the root label, written by careful administrators
    if (name.empty()) return "no host";
    if (name.size() > longest_name) return "host name longer than 253 characters";
    std::size_t label = 0;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) return "host name outside ASCII (its xn-- spelling would work)";
        if (c == '.') {
            if (label == 0) return "empty label in host name";
            label = 0;
            continue;
        }
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') {
            const bool printable = byte > ' ' && byte < 0x7f;
            return printable ? std::string("character ") + c + " in host name"
                             : "blank or control character in host name";
        }
        if (++label > longest_label) return "label longer than 63 characters in host name";
    }
    return label == 0 ? "empty label in host name" : "";
}

}  // namespace

host_result canonical_host(std::string_view text) {
    if (text.empty()) return fail("no host");
    if (text.front() == '[') {
        if (text.find(']') == text.npos) return fail("no ] at the end of IPv6 address " + std::string(text));
        if (text.back() != ']') return fail("bad IPv6 address " + std::string(text));
        return canonical_ipv6(text);
    }
    std::string name = decode_percent(text);
    std::transform(name.begin(), name.end(), name.begin(), lower);
    if (auto reason = objection_to(name); !reason.empty()) return fail(std::move(reason));
    if (ends_in_number(name)) return canonical_ipv4(std::move(name));
    return {std::move(name), {}};
}

}  // namespace crawler

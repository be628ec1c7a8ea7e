// SPDX-License-Identifier: BSL-1.0
#include <green/base/address.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

namespace green {

namespace {

[[noreturn]] void refuse(std::string_view text, const char* why) {
    throw std::invalid_argument("green: \"" + std::string(text.substr(0, 100)) + "\": " + why);
}

// inet_pton(3) and if_nametoindex(3) want a terminator. Nothing that is an address is longer.
using c_text = std::array<char, 64>;
bool terminate(std::string_view text, c_text& out) noexcept {
    if (text.size() >= out.size() || text.find('\0') != text.npos) return false;
    *std::copy(text.begin(), text.end(), out.begin()) = '\0';
    return true;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
    Number value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint32_t> parse_scope(std::string_view text) noexcept {
    if (auto number = parse_number<std::uint32_t>(text)) return number;
    c_text name;
    if (text.empty() || !terminate(text, name)) return std::nullopt;
    unsigned index = ::if_nametoindex(name.data());
    if (index == 0) return std::nullopt;
    return index;
}

// Splits "HOST:PORT" and "[HOST]:PORT".
struct host_and_port {
    std::string_view host, port;
    bool bracketed = false, has_port = false;
};
host_and_port split(std::string_view text) {
    host_and_port parts;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == text.npos) refuse(text, "a bracket is not closed");
        parts.host = text.substr(1, close - 1);
        parts.bracketed = true;
        std::string_view rest = text.substr(close + 1);
        if (rest.empty()) return parts;
        if (rest[0] != ':') refuse(text, "only a port may follow the bracket");
        parts.port = rest.substr(1);
        parts.has_port = true;
        return parts;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos || text.find(':') != colon) {  // none, or the colons of a bare v6 address
        parts.host = text;
        return parts;
    }
    parts.host = text.substr(0, colon);
    parts.port = text.substr(colon + 1);
    parts.has_port = true;
    return parts;
}

endpoint combine(std::string_view text, const host_and_port& parts, std::uint16_t port) {
    auto address = ip_address::try_parse(parts.host);
    if (!address) refuse(text, "not an IP address");
    if (parts.bracketed && address->is_v4()) refuse(text, "only an IPv6 address is written in brackets");
    return {*address, port};
}

std::uint16_t port_of(std::string_view text, std::string_view port) {
    if (port.empty()) refuse(text, "the port is missing");
    if (auto number = try_parse_port(port)) return *number;
    const bool digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
    refuse(text, digits ? "the port is above 65535" : "the port is not a number");
}

}  // namespace

std::optional<std::uint16_t> try_parse_port(std::string_view text) noexcept {
    return parse_number<std::uint16_t>(text);
}

std::optional<ip_address> ip_address::try_parse(std::string_view text) noexcept {
    c_text plain;
    v4_bytes v4;
    if (!terminate(text, plain)) return std::nullopt;
    if (::inet_pton(AF_INET, plain.data(), v4.data()) == 1) return ip_address(v4);
    const std::size_t percent = text.find('%');
    std::uint32_t scope_id = 0;
    if (percent != text.npos) {
        auto scope = parse_scope(text.substr(percent + 1));
        if (!scope) return std::nullopt;
        scope_id = *scope;
        plain[percent] = '\0';
    }
    v6_bytes v6;
    if (::inet_pton(AF_INET6, plain.data(), v6.data()) == 1) return ip_address(v6, scope_id);
    return std::nullopt;
}

ip_address ip_address::parse(std::string_view text) {
    if (auto found = try_parse(text)) return *found;
    const std::size_t percent = text.find('%');
    if (percent != text.npos && try_parse(text.substr(0, percent))) refuse(text, "there is no such network interface");
    refuse(text, "not an IP address");
}

bool ip_address::is_any() const noexcept {
    return bytes_ == v6_bytes{};
}

bool ip_address::is_loopback() const noexcept {
    return is_v6_ ? bytes_ == loopback_v6().bytes_ : bytes_[0] == 127;
}

bool ip_address::is_link_local() const noexcept {
    return is_v6_ ? bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80 : bytes_[0] == 169 && bytes_[1] == 254;
}

std::string ip_address::to_string() const {
    char text[INET6_ADDRSTRLEN];
    ::inet_ntop(is_v6_ ? AF_INET6 : AF_INET, bytes_.data(), text, sizeof text);
    if (scope_id_ == 0) return text;
    char name[IF_NAMESIZE];
    return std::string(text) + '%' + (::if_indextoname(scope_id_, name) ? name : std::to_string(scope_id_));
}

endpoint endpoint::parse(std::string_view text) {
    const host_and_port parts = split(text);
    if (!parts.has_port) refuse(text, "the port is missing (ADDRESS:PORT or [V6-ADDRESS]:PORT)");
    return combine(text, parts, port_of(text, parts.port));
}

endpoint endpoint::parse(std::string_view text, std::uint16_t default_port) {
    const host_and_port parts = split(text);
    return combine(text, parts, parts.has_port ? port_of(text, parts.port) : default_port);
}

std::string endpoint::to_string() const {
    const std::string host = address.to_string();
    return (address.is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

namespace detail {

socket_address::socket_address() noexcept : storage_{}, size_bytes_(sizeof storage_) {
    static_assert(sizeof(sockaddr_in6) == sizeof storage_ && sizeof(sockaddr_in) <= sizeof storage_);
}

socket_address::socket_address(const endpoint& where) noexcept : storage_{} {
    if (where.address.is_v6()) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(where.port);
        v6.sin6_scope_id = where.address.scope_id();
        std::memcpy(&v6.sin6_addr, where.address.to_v6_bytes().data(), 16);
        std::memcpy(storage_, &v6, sizeof v6);
        size_bytes_ = sizeof v6;
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(where.port);
        std::memcpy(&v4.sin_addr, where.address.to_v4_bytes().data(), 4);
        std::memcpy(storage_, &v4, sizeof v4);
        size_bytes_ = sizeof v4;
    }
}

int socket_address::family() const noexcept {
    sa_family_t family;
    std::memcpy(&family, storage_ + offsetof(sockaddr, sa_family), sizeof family);
    return family;
}

endpoint socket_address::to_endpoint() const noexcept {
    return detail::to_endpoint(get()).value_or(endpoint{});
}

std::optional<endpoint> to_endpoint(const sockaddr* address) noexcept {
    if (!address) return std::nullopt;
    sa_family_t family;
    std::memcpy(&family, reinterpret_cast<const char*>(address) + offsetof(sockaddr, sa_family), sizeof family);
    if (family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        ip_address::v4_bytes bytes;
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return endpoint{ip_address(bytes), ntohs(v4.sin_port)};
    }
    if (family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, address, sizeof v6);
        ip_address::v6_bytes bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return endpoint{ip_address(bytes, v6.sin6_scope_id), ntohs(v6.sin6_port)};
    }
    return std::nullopt;
}

}  // namespace detail

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// From text to canonical URL in three steps: tidy what browsers forgive (WHATWG URL standard section 4.4),
// take the authority apart, resolve path and query.
#include "crawler/url.h"

#include "crawler/host.h"
#include "crawler/percent.h"

#include <algorithm>
#include <optional>

namespace crawler {
namespace {

// RFC 9110 section 4.1 asks everyone to support 8,000 octets; past that, servers answer 414 anyway.
constexpr std::size_t longest_url = 8000;

url_result fail(std::string reason, bool foreign = false) {
    url_result result;
    result.reason = std::move(reason);
    result.foreign = foreign;
    return result;
}

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Drops surrounding blanks and controls, line breaks and tabs anywhere, and the fragment; turns backslashes
/// before the query into slashes.
std::string tidy(std::string_view text) {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    std::string out;
    bool in_query = false;
    for (const char c : text) {
        if (c == '#') break;
        if (c == '\t' || c == '\n' || c == '\r') continue;
        if (c == '?') in_query = true;
        out += c == '\\' && !in_query ? '/' : c;
    }
    return out;
}

/// The scheme in lower case, or nothing when the text starts with none.
std::optional<std::string> scheme_of(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !is_alpha(text[0])) return std::nullopt;
    std::string scheme;
    for (const char c : text.substr(0, colon)) {
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
        scheme += is_alpha(c) ? static_cast<char>(c | 0x20) : c;
    }
    return scheme;
}

struct split_authority {
    std::string_view authority;
    std::string_view target;
};

/// Splits "host:port/path?query" where the authority ends.
split_authority split_at_target(std::string_view text) {
    const auto end = std::min(text.find_first_of("/?"), text.size());
    return {text.substr(0, end), text.substr(end)};
}

std::string_view without_leading_slashes(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('/'), text.size()));
    return text;
}

struct port_result {
    std::uint16_t port = 0;
    std::string reason;
};

port_result parse_port(std::string_view digits, std::uint16_t standard) {
    if (digits.empty()) return {standard, {}};
    std::uint32_t value = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return {0, "port " + std::string(digits) + " is not a number"};
        value = std::min<std::uint32_t>(value * 10 + static_cast<std::uint32_t>(c - '0'), 1'000'000);
    }
    if (value == 0 || value > 65535)
        return {0, "port " + std::string(digits) + " is not between 1 and 65535"};
    return {static_cast<std::uint16_t>(value), {}};
}

/// Removes "." and ".." segments from a path that starts with a slash (RFC 3986 section 5.2.4).
///
/// Not by Boost.URL: version 1.81 decodes %2F on the way, which makes one page of two, and keeps the ".."
/// segments that climb above the root.
std::string without_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto segment = path.substr(0, end);
        path.remove_prefix(end);
        if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
        if (segment != "/." && segment != "/..") {
            out += segment;
        } else if (path.empty()) {
            out += '/';  // "a/.." names a folder
        }
    }
    return out.empty() ? "/" : out;
}

/// Resolves `reference` against `base`, both of them targets: a path and a query (RFC 3986 section 5.2.2).
std::string resolve_target(std::string_view base, std::string_view reference) {
    if (reference.empty()) return std::string(base);
    const auto question = std::min(reference.find('?'), reference.size());
    const auto base_path = base.substr(0, base.find('?'));
    std::string path = normalize_percent(reference.substr(0, question));
    if (path.empty()) {
        path = base_path;
    } else {
        if (path.front() != '/') path.insert(0, base_path.substr(0, base_path.rfind('/') + 1));
        path = without_dot_segments(path);
    }
    return path + normalize_percent(reference.substr(question));
}

}  // namespace

url_result url::assemble(bool https, std::string_view authority, std::string_view target) {
    // Credentials in a URL are a phishing trick nowadays; RFC 9110 section 4.2.4 says to treat them as an
    // error.
    if (authority.find('@') != std::string_view::npos) return fail("user name in URL");
    // The colons of an IPv6 address, which stands in brackets, are none before a port.
    const auto host_end = authority.starts_with('[') ? authority.rfind(']') : 0;
    const auto colon = authority.find(':', host_end);
    const auto digits = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon + 1);
    const std::uint16_t standard = https ? 443 : 80;
    const auto host = canonical_host(authority.substr(0, colon));
    if (!host.reason.empty()) return fail(host.reason);
    const auto port = parse_port(digits, standard);
    if (!port.reason.empty()) return fail(port.reason);

    url made;
    made.https_ = https;
    made.port_ = port.port;
    made.text_ = https ? "https://" : "http://";
    made.host_at_ = made.text_.size();
    made.host_size_ = host.text.size();
    made.text_ += host.text;
    if (port.port != standard) made.text_ += ':' + std::to_string(port.port);
    made.target_at_ = made.text_.size();
    made.text_ += target;
    if (made.text_.size() > longest_url) return fail("URL longer than 8000 characters");
    url_result result;
    result.value = std::move(made);
    return result;
}

url_result parse_url(std::string_view raw) {
    if (raw.size() > longest_url * 3) return fail("URL longer than 8000 characters");
    const std::string text = tidy(raw);
    if (text.empty()) return fail("empty URL");
    const auto scheme = scheme_of(text);
    // "localhost:8080/x" has a scheme by the grammar; nobody means it.
    const bool port_follows =
        scheme && text.size() > scheme->size() + 1 && is_digit(text[scheme->size() + 1]);
    if (!scheme || port_follows) return fail("no http:// in front");
    if (*scheme != "http" && *scheme != "https")
        return fail("scheme " + *scheme + " is neither http nor https", true);
    const auto parts =
        split_at_target(without_leading_slashes(std::string_view(text).substr(scheme->size() + 1)));
    return url::assemble(*scheme == "https", parts.authority, resolve_target("/", parts.target));
}

url_result resolve_url(const url& base, std::string_view reference) {
    if (reference.size() > longest_url * 3) {
        // data: URLs are long by nature; they are another scheme, not a mistake.
        const auto scheme = scheme_of(tidy(reference.substr(0, 64)));
        const bool foreign = scheme && *scheme != "http" && *scheme != "https";
        return fail("URL longer than 8000 characters", foreign);
    }
    const std::string tidied = tidy(reference);
    std::string_view text = tidied;
    if (const auto scheme = scheme_of(text)) {
        const auto rest = text.substr(scheme->size() + 1);
        // "http:page" next to an http page is relative to it (WHATWG "special relative or authority state").
        const bool relative = *scheme == base.scheme() && !rest.starts_with('/');
        if (!relative) {
            if (*scheme == "http" || *scheme == "https") return parse_url(text);
            return fail("scheme " + *scheme + " is neither http nor https", true);
        }
        text = rest;
    }
    if (text.starts_with("//")) {
        const auto parts = split_at_target(without_leading_slashes(text));
        return url::assemble(base.is_https(), parts.authority, resolve_target("/", parts.target));
    }
    return url::assemble(base.is_https(), base.authority(), resolve_target(base.target(), text));
}

}  // namespace crawler

// SPDX-License-Identifier: BSL-1.0
// Boost.URL checks the grammar and takes the text apart. Putting references together is done here: resolve() of
// version 1.81 decodes %2F on the way, which is another path, and leaves ".." segments that climb above the root. Its
// parser takes "http://a:b/" for the empty port of a and the path "b/", which the grammar has no room for.
#include <green/http/url.h>

#include <green/base/address.h>
#include <green/http/error.h>
#include <green/http/headers.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace green::http {

namespace {

std::string_view view(boost::core::string_view text) noexcept {
    return {text.data(), text.size()};
}

bool has_no_place_in_url(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte >= 127 || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
}

void append_encoded(std::string& out, char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
}

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Without the blanks around it; what has no place in a URL is percent-encoded, a '%' that begins no encoding too,
// and brackets outside the authority.
std::string tidied(std::string_view text) {
    const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    const std::size_t slashes = text.find("//");
    const std::size_t authority_end =
        slashes == text.npos ? 0 : std::min(text.find_first_of("/?#", slashes + 2), text.size());
    std::string out;
    bool in_fragment = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_stray_percent =
            c == '%' && !(i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]));
        const bool is_stray_bracket = (c == '[' || c == ']') && i >= authority_end;
        const bool is_second_hash = c == '#' && in_fragment;
        in_fragment |= c == '#';
        if (has_no_place_in_url(c) || is_stray_percent || is_stray_bracket || is_second_hash)
            append_encoded(out, c);
        else
            out += c;
    }
    return out;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return out;
}

// Removes "." and ".." segments from a path that begins with a slash (RFC 3986, section 5.2.4).
std::string without_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
        if (segment != "/." && segment != "/..")
            out += segment;
        else if (path.empty())
            out += '/';  // "a/.." names a directory
    }
    return out.empty() ? "/" : out;
}

// Of a URL that was refused: " (...)" when all that is wrong with it is the port.
std::string port_flaw(std::string_view text, const std::error_code& error) {
    if (error != errc::invalid_url) return {};
    const std::string tidy = tidied(text);
    const auto parsed = boost::urls::parse_uri_reference(tidy);
    if (!parsed || !parsed->has_port() || parsed->port().empty()) return {};
    if (const auto port = try_parse_port(view(parsed->port())); port && *port > 0) return {};
    return " (the port is not between 1 and 65535)";
}

std::string target_of(std::string_view path, std::string_view query, bool has_query) {
    std::string target = without_dot_segments(path);
    if (has_query) target.append("?").append(query);
    return target;
}

}  // namespace

url url::parse(std::string_view text) {
    std::error_code error;
    url parsed = parse(text, error);
    if (error) throw std::system_error(error, "green: \"" + std::string(text) + '"' + port_flaw(text, error));
    return parsed;
}

url url::parse(std::string_view text, std::error_code& error) {
    const std::string tidy = tidied(text);
    error = errc::invalid_url;
    const auto parsed = boost::urls::parse_uri_reference(tidy);
    if (!parsed || !parsed->has_scheme()) return {};
    url result;
    result.https_ = equal_ignoring_case(view(parsed->scheme()), "https");
    if (!result.https_ && !equal_ignoring_case(view(parsed->scheme()), "http")) {
        error = errc::unsupported_scheme;
        return {};
    }
    if (!parsed->has_authority() || parsed->has_userinfo() || parsed->encoded_host().empty()) return {};
    result.encoded_host_ = lower_case(view(parsed->encoded_host()));
    result.host_ = lower_case(parsed->host_address());
    if (std::ranges::any_of(result.host_,
                            [](char c) { return has_no_place_in_url(c) && static_cast<signed char>(c) >= 0; }))
        return {};
    result.port_ = result.https_ ? 443 : 80;
    if (parsed->has_port() && !parsed->port().empty()) {
        const auto port = try_parse_port(view(parsed->port()));
        if (!port || *port == 0) return {};
        result.port_ = *port;
    }
    const std::string_view path = view(parsed->encoded_path());
    if (!path.empty() && path.front() != '/') return {};
    result.target_ = target_of(path.empty() ? "/" : path, view(parsed->encoded_query()), parsed->has_query());
    result.fragment_ = view(parsed->encoded_fragment());
    error.clear();
    return result;
}

url url::resolve(std::string_view reference) const {
    std::error_code error;
    url resolved = resolve(reference, error);
    if (error)
        throw std::system_error(error,
                                "green: \"" + std::string(reference) + "\" on " + text() + port_flaw(reference, error));
    return resolved;
}

url url::resolve(std::string_view reference, std::error_code& error) const {
    const std::string tidy = tidied(reference);
    const auto parsed = boost::urls::parse_uri_reference(tidy);
    if (!parsed) {
        error = errc::invalid_url;
        return {};
    }
    if (parsed->has_scheme()) return parse(tidy, error);
    if (parsed->has_authority()) return parse(std::string(scheme()) + ":" + tidy, error);
    error.clear();
    url result = *this;
    result.fragment_ = view(parsed->encoded_fragment());
    const std::string_view path = view(parsed->encoded_path());
    const std::string_view query = view(parsed->encoded_query());
    if (path.empty()) {
        if (parsed->has_query()) result.target_ = target_of(this->path(), query, true);
        return result;
    }
    const std::string_view directory = this->path().substr(0, this->path().rfind('/') + 1);
    result.target_ = target_of((path.front() == '/' ? "" : std::string(directory)) + std::string(path), query,
                               parsed->has_query());
    return result;
}

std::string url::authority() const {
    const bool is_standard = port_ == (https_ ? 443 : 80);
    return is_standard ? encoded_host_ : encoded_host_ + ':' + std::to_string(port_);
}

std::string_view url::query() const noexcept {
    const std::size_t question = target_.find('?');
    return question == target_.npos ? std::string_view() : std::string_view(target_).substr(question + 1);
}

}  // namespace green::http

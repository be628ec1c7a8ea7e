// SPDX-License-Identifier: BSL-1.0
// The address of a page in its one canonical spelling, so that a crawl fetches each page once.
// Knows http and https only; fetches nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace crawler {

struct url_result;

/// An absolute http or https URL, canonical by construction.
///
///     auto page = crawler::parse_url("HTTP://Example.com:80/a/../b?q#top");
///     if (!page) complain(page.reason);
///     page->text();                                   // "http://example.com/b?q"
///     crawler::resolve_url(*page, "c d")->text();     // "http://example.com/c%20d"
///
/// Canonical means (RFC 3986 section 6.2): scheme and host in lower case, default port and fragment dropped,
/// dot segments removed, percent-encoding normalised, empty path written "/". Two URLs are equal when their
/// texts are. A plain value: copy it, move it between threads.
class url {
  public:
    const std::string& text() const { return text_; }

    bool is_https() const { return https_; }
    std::string_view scheme() const { return https_ ? "https" : "http"; }

    /// The host as it stands in the URL: an IPv6 address keeps its brackets.
    std::string_view host() const { return std::string_view(text_).substr(host_at_, host_size_); }

    /// The port to connect to; 80 or 443 when the URL names none.
    std::uint16_t port() const { return port_; }

    /// Host and port as a Host header carries them: the port only when it is not the scheme's own.
    std::string_view authority() const {
        return std::string_view(text_).substr(host_at_, target_at_ - host_at_);
    }

    /// "http://host:port", which is where /robots.txt belongs.
    std::string_view origin() const { return std::string_view(text_).substr(0, target_at_); }

    /// Path and query, the request target of HTTP; starts with a slash.
    std::string_view target() const { return std::string_view(text_).substr(target_at_); }

    friend bool operator==(const url& a, const url& b) { return a.text_ == b.text_; }
    friend auto operator<=>(const url& a, const url& b) { return a.text_ <=> b.text_; }

  private:
    friend url_result parse_url(std::string_view text);
    friend url_result resolve_url(const url& base, std::string_view reference);

    url() = default;
    static url_result assemble(bool https, std::string_view authority, std::string_view target);

    std::string text_;
    std::size_t host_at_ = 0;
    std::size_t host_size_ = 0;
    std::size_t target_at_ = 0;
    std::uint16_t port_ = 0;
    bool https_ = false;
};

/// A URL, or the reason why there is none.
struct url_result {
    std::optional<url> value;
    std::string reason;    ///< a phrase for people; empty when there is a URL
    bool foreign = false;  ///< the text is a URL of another scheme (mailto:, javascript:), not a broken one

    explicit operator bool() const { return value.has_value(); }
    const url& operator*() const { return *value; }
    const url* operator->() const { return &*value; }
};

/// Parses an absolute URL.
url_result parse_url(std::string_view text);

/// Resolves a reference found on page `base` (RFC 3986 section 5.2), as tolerant of real HTML as browsers
/// are: blanks around it and line breaks within it are dropped, blanks and raw bytes are escaped, backslashes
/// are slashes.
url_result resolve_url(const url& base, std::string_view reference);

}  // namespace crawler

template <>
struct std::hash<crawler::url> {
    std::size_t operator()(const crawler::url& u) const noexcept {
        return std::hash<std::string>{}(u.text());
    }
};

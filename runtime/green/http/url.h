// SPDX-License-Identifier: BSL-1.0
// URLs that can be fetched: http and https (RFC 3986, RFC 9110 section 4.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace green::http {

// An absolute http or https URL.
//
//     auto page = green::http::url::parse("http://Example.com:8080/a/b?q=1#top");
//     page.host();                              // "example.com"
//     page.target();                            // "/a/b?q=1"
//     page.resolve("../c").text();              // "http://example.com:8080/c"
//
// Scheme and host are put in lower case, a default port is dropped, an empty path becomes "/", and bytes that have
// no place in a URL (blanks, quotes, all above 127) are percent-encoded as browsers do; otherwise path and query
// stay as written. A URL with a user name in it is refused, as RFC 9110 section 4.2.4 advises. A plain value; no
// member parks.
class url {
  public:
    // Errors: invalid_url, unsupported_scheme. The throwing form quotes the text.
    static url parse(std::string_view text);
    static url parse(std::string_view text, std::error_code& error);

    // What a reference found here means: a Location, an href (RFC 3986, section 5.2). Errors as above.
    url resolve(std::string_view reference) const;
    url resolve(std::string_view reference, std::error_code& error) const;

    url() = default;  // http://localhost/

    bool is_https() const noexcept { return https_; }
    std::string_view scheme() const noexcept { return https_ ? "https" : "http"; }
    // As a resolver takes it: an IPv6 address has no brackets, and percent-encoding is undone.
    const std::string& host() const noexcept { return host_; }
    std::uint16_t port() const noexcept { return port_; }
    // As a Host header carries it: "[::1]:8080"; the scheme's own port is left out.
    std::string authority() const;
    // Path and query; starts with a slash.
    const std::string& target() const noexcept { return target_; }
    std::string_view path() const noexcept { return std::string_view(target_).substr(0, target_.find('?')); }
    // Behind the '?'; empty when there is none.
    std::string_view query() const noexcept;
    // Behind the '#'; never sent.
    const std::string& fragment() const noexcept { return fragment_; }
    void set_fragment(std::string_view fragment) { fragment_ = fragment; }

    // "http://example.com", without the rest; and the whole, with and without its fragment.
    std::string origin() const { return std::string(scheme()) + "://" + authority(); }
    std::string text_without_fragment() const { return origin() + target_; }
    std::string text() const { return text_without_fragment() + (fragment_.empty() ? "" : "#" + fragment_); }

    // Whether both are served by the same scheme, host and port.
    bool same_origin(const url& other) const noexcept {
        return https_ == other.https_ && port_ == other.port_ && host_ == other.host_;
    }
    friend bool operator==(const url&, const url&) = default;

  private:
    std::string host_ = "localhost";
    std::string encoded_host_ = "localhost";  // as it stands in URLs, brackets included
    std::string target_ = "/";
    std::string fragment_;
    std::uint16_t port_ = 80;
    bool https_ = false;
};

}  // namespace green::http

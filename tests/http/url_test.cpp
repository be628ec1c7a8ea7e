// SPDX-License-Identifier: BSL-1.0
#include <green/http/error.h>
#include <green/http/url.h>

#include <support/error_of.h>

#include <doctest/doctest.h>

#include <ostream>

using green::http::errc;
using green::http::url;

namespace {

std::error_code error_of(std::string_view text) {
    std::error_code error;
    url::parse(text, error);
    return error;
}

}  // namespace

TEST_CASE("a URL is taken apart") {
    const url u = url::parse("HTTP://Example.COM:8080/a/b;c?q=1&r#top");
    CHECK(!u.is_https());
    CHECK(u.host() == "example.com");
    CHECK(u.port() == 8080);
    CHECK(u.authority() == "example.com:8080");
    CHECK(u.target() == "/a/b;c?q=1&r");
    CHECK(u.path() == "/a/b;c");
    CHECK(u.query() == "q=1&r");
    CHECK(u.fragment() == "top");
    CHECK(u.origin() == "http://example.com:8080");
    CHECK(u.text() == "http://example.com:8080/a/b;c?q=1&r#top");
    CHECK(u.text_without_fragment() == "http://example.com:8080/a/b;c?q=1&r");
}

TEST_CASE("defaults are filled in, and a default port is left out") {
    CHECK(url::parse("http://a").target() == "/");
    CHECK(url::parse("http://a").port() == 80);
    CHECK(url::parse("https://a").port() == 443);
    CHECK(url::parse("https://a:443/").authority() == "a");
    CHECK(url::parse("http://a:443/").authority() == "a:443");
    CHECK(url::parse("http://a:/x").text() == "http://a/x");
    CHECK(url::parse("http://a?q").target() == "/?q");
    CHECK(url::parse("http://a/?").target() == "/?");
}

TEST_CASE("an IPv6 address has brackets in a URL and none for the resolver") {
    const url u = url::parse("http://[::1]:81/x");
    CHECK(u.host() == "::1");
    CHECK(u.authority() == "[::1]:81");
    CHECK(url::parse("http://[FE80::1]/").text() == "http://[fe80::1]/");
}

TEST_CASE("bytes that have no place in a URL are percent-encoded, what is encoded stays") {
    CHECK(url::parse(" http://a/b c\n").target() == "/b%20c");
    CHECK(url::parse("http://a/\xc3\xa4?\"<>").target() == "/%C3%A4?%22%3C%3E");
    CHECK(url::parse("http://a/%2F%2e/x").target() == "/%2F%2e/x");
    CHECK(url::parse("http://a/100%").target() == "/100%25");
    CHECK(url::parse("http://a/x[1]?y[]=2").target() == "/x%5B1%5D?y%5B%5D=2");
    CHECK(url::parse("http://a/x\r\nEvil: 1").target() == "/x%0D%0AEvil:%201");
}

TEST_CASE("what cannot be fetched is refused with the reason") {
    CHECK(error_of("ftp://a/") == errc::unsupported_scheme);
    CHECK(error_of("mailto:x@y") == errc::unsupported_scheme);
    for (const char* text : {"", "/x", "a/b", "http:", "http:///x", "http://", "http://:80/", "http://a:65536/",
                             "http://a:0/", "http://a:b/", "http://user@a/", "http://user:pw@a/", "http://[::1/",
                             "http://[:::]/", "http://a%20b/", "http://a\r\nb/", "//a/b"})
        CHECK_MESSAGE(error_of(text) == errc::invalid_url, std::string(text));
    CHECK_THROWS_WITH_AS(url::parse("http://a:b/"), "green: \"http://a:b/\": not a valid URL", std::system_error);
}

TEST_CASE("references are resolved as RFC 3986 section 5.4 shows") {
    const url base = url::parse("http://a/b/c/d;p?q");
    const std::pair<const char*, const char*> examples[] = {
        {"http:g", ""},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"g..", "http://a/b/c/g.."},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
        {"https://x:1/y", "https://x:1/y"},
    };
    for (const auto& [reference, expected] : examples) {
        std::error_code error;
        const url resolved = base.resolve(reference, error);
        CHECK_MESSAGE((error ? "" : resolved.text()) == expected, std::string(reference));
    }
}

TEST_CASE("a reference may be as careless as real servers are") {
    const url base = url::parse("http://a:81/b/c");
    CHECK(base.resolve("/\xc3\xa4 x").text() == "http://a:81/%C3%A4%20x");
    CHECK(base.resolve("a%2Fb/../c").text() == "http://a:81/b/c");
    CHECK(base.resolve("?next=http://x/[1]").text() == "http://a:81/b/c?next=http://x/%5B1%5D");
}

TEST_CASE("a URL with an impossible port is refused by that name") {
    for (const char* text : {"http://a:65536/", "http://a:0/", "https://a:99999999999999999999/"}) {
        CAPTURE(text);
        CHECK(support::what_of([&] { url::parse(text); }).find("the port is not between 1 and 65535") !=
              std::string::npos);
        CHECK(error_of(text) == errc::invalid_url);
        CHECK(support::what_of([&] { url().resolve(text); }).find("the port is not between 1 and 65535") !=
              std::string::npos);
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "crawler/url.h"

#include <boost/url.hpp>
#include <doctest/doctest.h>

#include <random>
#include <utility>

using crawler::parse_url;
using crawler::resolve_url;

namespace {

/// The canonical spelling, or the reason between angle brackets.
std::string canonical(std::string_view text) {
    const auto parsed = parse_url(text);
    return parsed ? parsed->text() : '<' + parsed.reason + '>';
}

std::string resolved(std::string_view base, std::string_view reference) {
    const auto result = resolve_url(*parse_url(base), reference);
    return result ? result->text() : '<' + result.reason + '>';
}

}  // namespace

TEST_CASE("spellings of one page have one canonical form") {
    for (const char* text :
         {"http://example.com/a", "HTTP://EXAMPLE.com:80/a", "http://example.com:/a#part",
          "http://example.com/./b/../a", "http://example.com/%61", " http://exam\nple.com/a\t",
          "http:\\\\example.com\\a", "http:example.com/a", "http:////example.com/a",
          "http://example.com/../../a", "http://example.com/b/%2E%2e/a", "http://example.com:0080/a"}) {
        CAPTURE(std::string(text));
        CHECK(canonical(text) == "http://example.com/a");
    }
}

TEST_CASE("an empty path is a slash") {
    CHECK(canonical("http://example.com") == "http://example.com/");
    CHECK(canonical("http://example.com?q=1") == "http://example.com/?q=1");
    CHECK(canonical("https://example.com:443#x") == "https://example.com/");
}

TEST_CASE("what means something else stays different") {
    CHECK(canonical("http://example.com/a/") == "http://example.com/a/");
    CHECK(canonical("http://example.com/A") == "http://example.com/A");
    CHECK(canonical("http://example.com/a?") == "http://example.com/a?");
    CHECK(canonical("http://example.com/a%2fb") == "http://example.com/a%2Fb");
    CHECK(canonical("http://example.com/a//b") == "http://example.com/a//b");
    CHECK(canonical("https://example.com:80/") == "https://example.com:80/");
    CHECK(canonical("http://example.com/?a=\\") == "http://example.com/?a=%5C");
}

TEST_CASE("a canonical URL is its own canonical form") {
    for (const char* text :
         {"http://h/a b|c?x y%", "http://h//..//x", "http://h/%252e%252e/a", "http://h/..%2f..",
          "http://[::0001]:81/?[]{}", "http://h/./:a", "http://h/\xff\xfe?\xc3\xa4", "http://h/..;/x"}) {
        const auto once = canonical(text);
        CAPTURE(std::string(text));
        CHECK(once.starts_with("http://"));
        CHECK(canonical(once) == once);
    }
}

TEST_CASE("random references resolve to canonical URLs that Boost.URL accepts") {
    std::mt19937 random(20240609);
    const std::string alphabet = "..//?:;%2eEaA \\[|#\xc3";
    auto base = parse_url("http://site/a/b");
    for (int round = 0; round < 20'000; ++round) {
        std::string reference;
        for (unsigned i = random() % 12; i > 0; --i) reference += alphabet[random() % alphabet.size()];
        const auto result = resolve_url(*base, reference);
        if (!result) continue;
        CAPTURE(reference);
        CHECK(canonical(result->text()) == result->text());
        CHECK(boost::urls::parse_uri(result->text()).has_value());
        const auto path = '/' + std::string(result->target().substr(1, result->target().find('?') - 1)) + '/';
        CHECK(path.find("/../") == std::string::npos);
        CHECK(path.find("/./") == std::string::npos);
        if (result->host() == "site" && result->text().size() < 200) base = result;
    }
}

TEST_CASE("references resolve as RFC 3986 section 5.4 lists") {
    using pair = std::pair<const char*, const char*>;
    for (const auto& entry : {pair{"g", "b/c/g"},
                              pair{"./g", "b/c/g"},
                              pair{"g/", "b/c/g/"},
                              pair{"/g", "g"},
                              pair{"?y", "b/c/d;p?y"},
                              pair{"g?y", "b/c/g?y"},
                              pair{"#s", "b/c/d;p?q"},
                              pair{"g#s", "b/c/g"},
                              pair{";x", "b/c/;x"},
                              pair{"g;x=1/../y", "b/c/y"},
                              pair{"", "b/c/d;p?q"},
                              pair{".", "b/c/"},
                              pair{"./", "b/c/"},
                              pair{"..", "b/"},
                              pair{"../g", "b/g"},
                              pair{"../..", ""},
                              pair{"../../g", "g"},
                              pair{"../../../../g", "g"},
                              pair{"/../g", "g"},
                              pair{"g.", "b/c/g."},
                              pair{"..g", "b/c/..g"},
                              pair{"g/./h", "b/c/g/h"},
                              pair{"g?y/../x", "b/c/g?y/../x"},
                              pair{"http:g", "b/c/g"}}) {
        const std::string reference = entry.first;
        const std::string expected = entry.second;
        CAPTURE(reference);
        CHECK(resolved("http://a/b/c/d;p?q", reference) == "http://a/" + expected);
    }
    CHECK(resolved("http://a/b", "//g/x") == "http://g/x");
    CHECK(resolved("https://a:8443/b", "c") == "https://a:8443/c");
    CHECK(resolved("http://a/b", "https://c") == "https://c/");
    CHECK(resolved("http://a/b", "https:c") == "https://c/");
}

TEST_CASE("references broken the way real pages break them are forgiven") {
    CHECK(resolved("http://a/", " two words .html ") == "http://a/two%20words%20.html");
    CHECK(resolved("http://a/", "dir\\file") == "http://a/dir/file");
    CHECK(resolved("http://a/", "\xc3\xa4?\xc3\xb6") == "http://a/%C3%A4?%C3%B6");
    CHECK(resolved("http://a/", "x|y[1]^{z}") == "http://a/x%7Cy%5B1%5D%5E%7Bz%7D");
    CHECK(resolved("http://a/", "100%") == "http://a/100%25");
    CHECK(resolved("http://a/", "a\r\n\tb") == "http://a/ab");
    CHECK(resolved("http://a/", "1:2") == "http://a/1:2");
    CHECK(resolved("http://a/", "\\\\b\\c") == "http://b/c");
}

TEST_CASE("other schemes are foreign, not broken") {
    for (const char* text :
         {"mailto:a@b", "JavaScript:void(0)", "data:,x", "tel:+1", "ftp://a/", "about:blank"}) {
        const auto result = resolve_url(*parse_url("http://a/"), text);
        CAPTURE(std::string(text));
        CHECK_FALSE(result);
        CHECK(result.foreign);
    }
    const auto picture =
        resolve_url(*parse_url("http://a/"), "data:image/png;base64," + std::string(100'000, 'A'));
    CHECK(picture.foreign);
}

TEST_CASE("what cannot be a URL is refused with the reason") {
    CHECK(canonical("") == "<empty URL>");
    CHECK(canonical("example.com") == "<no http:// in front>");
    CHECK(canonical("localhost:8080/x") == "<no http:// in front>");
    CHECK(canonical("ftp://a/") == "<scheme ftp is neither http nor https>");
    CHECK(canonical("http://") == "<no host>");
    CHECK(canonical("http://:80/") == "<no host>");
    CHECK(canonical("http://a:65535/") == "http://a:65535/");
    CHECK(canonical("http://a:65536/") == "<port 65536 is not between 1 and 65535>");
    CHECK(canonical("http://a:99999999999999999999/") ==
          "<port 99999999999999999999 is not between 1 and 65535>");
    CHECK(canonical("http://a:0/") == "<port 0 is not between 1 and 65535>");
    CHECK(canonical("http://a:b/") == "<port b is not a number>");
    CHECK(canonical("http://me:secret@a/") == "<user name in URL>");
    CHECK(canonical("http://a/" + std::string(8000, 'x')) == "<URL longer than 8000 characters>");
    CHECK(canonical("http://[::1]x/") == "<bad IPv6 address [::1]x>");
}

TEST_CASE("a URL tells its parts") {
    const auto plain = parse_url("https://Example.com/a?b");
    CHECK(plain->host() == "example.com");
    CHECK(plain->port() == 443);
    CHECK(plain->authority() == "example.com");
    CHECK(plain->target() == "/a?b");
    const auto address = parse_url("http://[::1]:8080");
    CHECK(address->host() == "[::1]");
    CHECK(address->port() == 8080);
    CHECK(address->authority() == "[::1]:8080");
    CHECK(address->origin() == "http://[::1]:8080");
    CHECK(address->target() == "/");
}

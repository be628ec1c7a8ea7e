// SPDX-License-Identifier: BSL-1.0
#include "crawler/host.h"

#include <doctest/doctest.h>

using crawler::canonical_host;

TEST_CASE("a host name is written in lower case without escapes") {
    CHECK(canonical_host("WWW.ExAmple.COM").text == "www.example.com");
    CHECK(canonical_host("ex%61mple.com").text == "example.com");
    CHECK(canonical_host("under_score.example.com.").text == "under_score.example.com.");
}

TEST_CASE("an IPv4 address has one spelling") {
    for (const char* text : {"127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "127.0.0.1."}) {
        CHECK(canonical_host(text).text == "127.0.0.1");
    }
}

TEST_CASE("a host that ends in a number but is no address is refused") {
    CHECK(canonical_host("256.1.1.1").reason == "bad IPv4 address 256.1.1.1");
    CHECK(canonical_host("example.1").reason == "bad IPv4 address example.1");
}

TEST_CASE("an IPv6 address has one spelling") {
    CHECK(canonical_host("[0:0:0:0:0:0:0:1]").text == "[::1]");
    CHECK(canonical_host("[FE80::00A]").text == "[fe80::a]");
}

TEST_CASE("a broken IPv6 address is refused") {
    CHECK(canonical_host("[::1").reason == "no ] at the end of IPv6 address [::1");
    CHECK(canonical_host("[::1]x").reason == "bad IPv6 address [::1]x");
    CHECK(canonical_host("[::g]").reason == "bad IPv6 address [::g]");
    CHECK(canonical_host("[").reason == "no ] at the end of IPv6 address [");
}

TEST_CASE("an impossible host name is refused with the reason") {
    CHECK(canonical_host("").reason == "no host");
    CHECK(canonical_host(".").reason == "no host");
    CHECK(canonical_host("a..b").reason == "empty label in host name");
    CHECK(canonical_host("a b").reason == "blank or control character in host name");
    CHECK(canonical_host("a%00b").reason == "blank or control character in host name");
    CHECK(canonical_host("a%2Fb").reason == "character / in host name");
    CHECK(canonical_host("m\xc3\xbcller.de").reason.starts_with("host name outside ASCII"));
}

TEST_CASE("the limits of DNS hold at their edges") {
    CHECK(canonical_host(std::string(63, 'a')).reason.empty());
    CHECK(canonical_host(std::string(64, 'a')).reason == "label longer than 63 characters in host name");
    std::string name;
    for (int i = 0; i < 126; ++i) name += "a.";
    CHECK(canonical_host(name + "b").reason.empty());
    CHECK(canonical_host(name + "bc").reason == "host name longer than 253 characters");
}

// SPDX-License-Identifier: BSL-1.0
#include "crawler/percent.h"

#include <doctest/doctest.h>

using crawler::decode_percent;
using crawler::normalize_percent;

TEST_CASE("an escaped unreserved character is written plainly") {
    CHECK(normalize_percent("/%7eme/%41") == "/~me/A");
}

TEST_CASE("an escape that keeps its meaning gets upper-case digits") {
    CHECK(normalize_percent("%c3%a4%2f") == "%C3%A4%2F");
}

TEST_CASE("a percent sign that starts no escape is escaped itself") {
    CHECK(normalize_percent("100%") == "100%25");
    CHECK(normalize_percent("%4") == "%254");
    CHECK(normalize_percent(std::string_view("%41", 2)) == "%254");
    CHECK(normalize_percent("%zz") == "%25zz");
}

TEST_CASE("bytes that may not stand in a URL are escaped") {
    CHECK(normalize_percent("a b|c\"<>^`{}[]\x01") == "a%20b%7Cc%22%3C%3E%5E%60%7B%7D%5B%5D%01");
    CHECK(normalize_percent("\xc3\xa4") == "%C3%A4");
}

TEST_CASE("reserved characters are left alone") {
    CHECK(normalize_percent(":/?@!$&'()*+,;=") == ":/?@!$&'()*+,;=");
}

TEST_CASE("normalising twice changes nothing more") {
    for (const char* text : {"100%", "%7e%2541", "a b", "%%41", "%25zz"}) {
        const auto once = normalize_percent(text);
        CHECK(normalize_percent(once) == once);
    }
}

TEST_CASE("decoding replaces whole escapes once") {
    CHECK(decode_percent("a%2Fb") == "a/b");
    CHECK(decode_percent("%2541%") == "%41%");
}

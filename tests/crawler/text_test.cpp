// SPDX-License-Identifier: BSL-1.0
#include "crawler/text.h"

#include <doctest/doctest.h>

using crawler::printable;
using crawler::valid_utf8;

TEST_CASE("well-formed UTF-8 is left alone") {
    for (const char* text :
         {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
        CHECK(valid_utf8(text) == text);
    }
}

TEST_CASE("each byte outside well-formed UTF-8 is replaced") {
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(valid_utf8("a\xFFz") == "a" + bad + "z");
    CHECK(valid_utf8("\xC3") == bad);
    CHECK(valid_utf8("\xC0\xAF") == bad + bad);
    CHECK(valid_utf8("\xE0\x80\x80") == bad + bad + bad);
    CHECK(valid_utf8("\xED\xA0\x80") == bad + bad + bad);
    CHECK(valid_utf8("\xF4\x90\x80\x80") == bad + bad + bad + bad);
    CHECK(valid_utf8("\xE2\x82z") == bad + bad + "z");
}

TEST_CASE("printable text cannot drive a terminal") {
    CHECK(printable("\x1b[31mred\r\n\x7f") == "?[31mred???");
    CHECK(printable("\xC2\x9B"
                    "1m\xC2\xA0") == "?1m\xC2\xA0");
}

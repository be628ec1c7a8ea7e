// SPDX-License-Identifier: BSL-1.0
#include "crawler/http_date.h"

#include <doctest/doctest.h>

using crawler::parse_http_date;

TEST_CASE("the three formats of an HTTP date mean the same") {
    const auto expected = std::chrono::sys_seconds(std::chrono::seconds(784'111'777));
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == expected);
}

TEST_CASE("what is no date is refused") {
    for (const char* text : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 anF 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 -1:00:00 GMT"}) {
        CAPTURE(std::string(text));
        CHECK_FALSE(parse_http_date(text));
    }
}

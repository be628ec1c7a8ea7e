// SPDX-License-Identifier: BSL-1.0
#include "crawler/units.h"

#include <doctest/doctest.h>

using namespace crawler;
using namespace std::chrono_literals;

TEST_CASE("sizes are written in powers of a thousand") {
    CHECK(format_bytes(1) == "1 byte");
    CHECK(format_bytes(999) == "999 bytes");
    CHECK(format_bytes(1000) == "1.0 kB");
    CHECK(format_bytes(999'999) == "999.9 kB");
    CHECK(format_bytes(1'000'000) == "1.0 MB");
    CHECK(format_bytes(1'550'000) == "1.5 MB");
    CHECK(format_bytes(UINT64_MAX) == "18.4 EB");
}

TEST_CASE("durations are written in the two largest units") {
    CHECK(format_duration(0ms) == "0.0 s");
    CHECK(format_duration(59'999ms) == "59.9 s");
    CHECK(format_duration(125s) == "2 min 5 s");
    CHECK(format_duration(3h + 59s) == "3 h 0 min");
}

TEST_CASE("a count of one is singular") {
    CHECK(format_count(1, "page") == "1 page");
    CHECK(format_count(0, "page") == "0 pages");
}

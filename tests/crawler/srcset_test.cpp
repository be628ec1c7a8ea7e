// SPDX-License-Identifier: BSL-1.0
#include "crawler/srcset.h"

#include <doctest/doctest.h>

using crawler::parse_srcset;
using views = std::vector<std::string_view>;

TEST_CASE("each candidate of a srcset gives its URL") {
    CHECK(parse_srcset("a.png 1x, b.png 2x") == views{"a.png", "b.png"});
    CHECK(parse_srcset("a.png,\n b.png 100w 50h ,c.png") == views{"a.png", "b.png", "c.png"});
}

TEST_CASE("a comma inside a URL does not end it") {
    CHECK(parse_srcset("a,b.png 1x, c") == views{"a,b.png", "c"});
}

TEST_CASE("a comma in parentheses does not end the descriptors") {
    CHECK(parse_srcset("a future(1, 2) 1x, b") == views{"a", "b"});
}

TEST_CASE("a srcset of nothing but blanks and commas has no candidates") {
    CHECK(parse_srcset("").empty());
    CHECK(parse_srcset(" ,, , ").empty());
}

// SPDX-License-Identifier: BSL-1.0
#include <green/http/headers.h>

#include <doctest/doctest.h>

#include <ostream>

#include <stdexcept>

using green::http::headers;

TEST_CASE("names of headers are compared without regard to case and kept as written") {
    headers h{{"Content-TYPE", "text/html"}};
    CHECK(h.get("content-type") == "text/html");
    CHECK(h.contains("CONTENT-TYPE"));
    CHECK(h.begin()->name == "Content-TYPE");
    CHECK(!h.get("Content"));
    CHECK(h.get_or("Accept", "none") == "none");
}

TEST_CASE("a header may occur several times, in order") {
    headers h;
    h.add("Set-Cookie", "a=1");
    h.add("Other", "x");
    h.add("set-cookie", "b=2");
    CHECK(h.get_all("Set-Cookie") == std::vector<std::string_view>{"a=1", "b=2"});
    CHECK(h.joined("SET-COOKIE") == "a=1, b=2");
    CHECK(h.size() == 3);
    CHECK(h.remove("set-Cookie") == 2);
    CHECK(h == headers{{"Other", "x"}});
}

TEST_CASE("set replaces all fields of a name and keeps the place of the first") {
    headers h{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    h.set("A", "4");
    CHECK(h == headers{{"A", "4"}, {"B", "2"}});
    h.set_default("b", "5");
    h.set_default("c", "6");
    CHECK(h == headers{{"A", "4"}, {"B", "2"}, {"c", "6"}});
    h.set(h.begin()->name, "7");  // a view into what is replaced
    CHECK(h.get("A") == "7");
}

TEST_CASE("a list of tokens is searched member by member") {
    headers h{{"Connection", "Keep-Alive ,\tUpgrade"}, {"Connection", "x"}};
    CHECK(h.has_token("connection", "upgrade"));
    CHECK(h.has_token("Connection", "keep-alive"));
    CHECK(h.has_token("Connection", "X"));
    CHECK(!h.has_token("Connection", "keep"));
    CHECK(!h.has_token("Connection", "close"));
}

TEST_CASE("what would begin a forged header is refused") {
    headers h;
    CHECK_THROWS_AS(h.add("X", "a\r\nEvil: 1"), std::invalid_argument);
    CHECK_THROWS_AS(h.add("X", std::string_view("a\0b", 3)), std::invalid_argument);
    CHECK_THROWS_AS(h.set("X: Y", "a"), std::invalid_argument);
    CHECK_THROWS_AS(h.set("", "a"), std::invalid_argument);
    CHECK_THROWS_AS((headers{{"a b", "c"}}), std::invalid_argument);
    CHECK(h.empty());
    h.add("X", " \xc3\xa4\t");
    CHECK(h.get("X") == "\xc3\xa4");
}

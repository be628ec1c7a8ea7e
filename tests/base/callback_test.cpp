// SPDX-License-Identifier: BSL-1.0
#include <green/base/callback.h>

#include <doctest/doctest.h>

#include <memory>

TEST_CASE("a callback holds what can only be moved") {
    int seen = 0;
    green::callback f = [&seen, owned = std::make_unique<int>(7)] { seen = *owned; };
    green::callback moved = std::move(f);
    CHECK_FALSE(f);
    REQUIRE(moved);
    moved();
    CHECK(seen == 7);
}

TEST_CASE("what a callback holds dies with it") {
    auto alive = std::make_shared<int>(0);
    {
        green::callback f = [alive] { ++*alive; };
        f();
        f();
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.use_count() == 1);
    CHECK(*alive == 2);
}

TEST_CASE("a callback made without a function is empty") {
    CHECK_FALSE(green::callback());
}

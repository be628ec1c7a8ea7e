// SPDX-License-Identifier: BSL-1.0
#include <green/base/unique_id.h>

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

TEST_CASE("ids are consecutive on one thread, and never the same on two") {
    struct tag;
    std::vector<std::uint64_t> here, there;
    auto take_some = [](std::vector<std::uint64_t>& ids) {
        for (int i = 0; i < 100; ++i) ids.push_back(green::detail::unique_id<tag>());
    };
    take_some(here);
    std::thread(take_some, std::ref(there)).join();
    take_some(here);
    CHECK(here.front() == 1);
    CHECK(here.back() == 200);
    std::set<std::uint64_t> all(here.begin(), here.end());
    all.insert(there.begin(), there.end());
    CHECK(all.size() == 300);
}

TEST_CASE("each tag counts for itself") {
    struct one;
    struct other;
    CHECK(green::detail::unique_id<one>() == 1);
    CHECK(green::detail::unique_id<other>() == 1);
}

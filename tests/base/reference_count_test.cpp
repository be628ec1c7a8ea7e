// SPDX-License-Identifier: BSL-1.0
#include <green/base/reference_count.h>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using green::detail::reference_count;

TEST_CASE("the last one to be dropped is told so") {
    reference_count count(1);
    count.add();
    CHECK(count.count() == 2);
    CHECK_FALSE(count.drop());
    CHECK(count.drop());
}

TEST_CASE("dropping above a floor stops there") {
    reference_count count(3);
    CHECK(count.drop_if_above(2));
    CHECK_FALSE(count.drop_if_above(2));
    CHECK(count.count() == 2);
}

TEST_CASE("threads that drop above a floor leave exactly that many") {
    reference_count count(2);
    for (int i = 0; i < 40'000; ++i) count.add();
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 10'001; ++i)
                if (!count.drop_if_above(2)) ++refused;
        });
    for (auto& each : threads) each.join();
    CHECK(count.count() == 2);
    CHECK(refused == 4);
}

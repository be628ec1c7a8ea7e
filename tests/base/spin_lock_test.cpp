// SPDX-License-Identifier: BSL-1.0
#include <green/base/spin_lock.h>

#include <doctest/doctest.h>

#include <mutex>
#include <thread>
#include <vector>

TEST_CASE("one thread at a time holds a spin lock") {
    green::detail::spin_lock lock;
    long counter = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 20'000; ++round) {
                std::lock_guard guard(lock);
                ++counter;
            }
        });
    for (auto& each : threads) each.join();
    CHECK(counter == 80'000);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/barrier.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>

#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "fibers pass a barrier together, phase by phase") {
    int completions = 0, arrived = 0;
    green::barrier b(3, [&] {
        ++completions;
        CHECK(arrived == 3 * completions);
    });
    std::vector<green::fiber<void>> fibers;
    for (int i = 1; i <= 3; ++i)
        fibers.push_back(green::spawn([&, i] {
            for (int phase = 1; phase <= 4; ++phase) {
                green::sleep(i * 1s);
                ++arrived;
                b.arrive_and_wait();
                CHECK(completions >= phase);
            }
        }));
    for (auto& f : fibers) f.join();
    CHECK(completions == 4);
    CHECK(clock.elapsed() == 12s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed at a barrier has not arrived") {
    green::barrier b(2);
    auto victim = green::spawn([&] { b.arrive_and_wait(); });
    green::yield();
    victim.kill();
    auto first = green::spawn([&] { b.arrive_and_wait(); });
    CHECK(!first.join_for(1s));
    b.arrive_and_wait();
    CHECK(first.join_for(1s));
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "one killed just before the last arrives counts in that phase, and not in the next") {
    green::barrier b(2);
    auto victim = green::spawn([&] { b.arrive_and_wait(); });
    green::yield();
    victim.kill_soon();
    b.arrive_and_wait();
    victim.join();
    auto first = green::spawn([&] { b.arrive_and_wait(); });
    CHECK(!first.join_for(1s));
    (void)b.arrive();
    CHECK(first.join_for(1s));
}

TEST_CASE_FIXTURE(support::virtual_time, "arriving and waiting may be done apart") {
    green::barrier b(2);
    const auto phase = b.arrive();
    auto other = green::spawn([&] { b.arrive_and_wait(); });
    b.wait(phase);
    b.wait(phase);
    other.join();
    CHECK_THROWS_AS((void)b.arrive(3), std::system_error);
    CHECK_THROWS_AS(green::barrier(0), std::system_error);
}

TEST_CASE_FIXTURE(support::virtual_time, "one who drops out is not waited for any more") {
    green::barrier b(2);
    auto other = green::spawn([&] { b.arrive_and_wait(), b.arrive_and_wait(); });
    green::yield();
    b.arrive_and_drop();
    CHECK(other.join_for(1s));
}

TEST_CASE_FIXTURE(support::virtual_time, "a completion that throws fails the last to arrive and holds up nobody") {
    green::barrier b(2, [] { throw std::runtime_error("completion"); });
    auto first = green::spawn([&] { b.arrive_and_wait(); });
    green::yield();
    CHECK_THROWS_AS(b.arrive_and_wait(), std::runtime_error);
    CHECK(first.join_for(1s));
    first.get();
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of several threads meet at a barrier") {
    int phases = 0;
    green::barrier b(4, [&] { ++phases; });
    auto run = [&] {
        for (int i = 0; i < 100; ++i) {
            CHECK(phases == i);  // nobody is through the next one without us
            b.arrive_and_wait();
        }
    };
    std::thread other([&] {
        auto f = green::spawn(run);
        run();
        f.join();
    });
    auto f = green::spawn(run);
    run();
    f.join();
    other.join();
    CHECK(phases == 100);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/latch.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/hub/hub.h>
#include <green/sync/wait.h>

#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a latch lets everybody go on once it is counted down") {
    green::latch l(2);
    int passed = 0;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 2; ++i) fibers.push_back(green::spawn([&] { l.wait(), ++passed; }));
    green::yield();
    l.count_down();
    green::yield();
    CHECK(passed == 0);
    CHECK(!l.try_wait());
    l.count_down();
    for (auto& f : fibers) f.join();
    CHECK(passed == 2);
    CHECK(l.try_wait());
    l.wait();
}

TEST_CASE_FIXTURE(support::virtual_time, "the last to arrive at a latch does not wait") {
    green::latch l(3);
    auto a = green::spawn([&] { l.arrive_and_wait(); });
    auto b = green::spawn([&] { l.arrive_and_wait(2); });
    a.join(), b.join();
    CHECK(l.try_wait());
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed while it waits at a latch has not counted") {
    green::latch l(2);
    auto victim = green::spawn([&] { l.arrive_and_wait(); });
    green::yield();
    victim.kill();
    l.count_down();
    CHECK(!l.try_wait());
    CHECK(!l.wait_for(1s));
    l.count_down();
    CHECK(l.wait_for(1s));
}

TEST_CASE_FIXTURE(support::virtual_time, "a latch that was opened stays open, be one killed who has counted") {
    green::latch l(2);
    auto victim = green::spawn([&] { l.arrive_and_wait(); });
    auto other = green::spawn([&] { l.wait(); });
    green::yield();
    victim.kill_soon();
    l.count_down();
    victim.join(), other.join();
    CHECK(l.try_wait());
}

TEST_CASE_FIXTURE(support::virtual_time, "counting down further than to zero is refused and changes nothing") {
    CHECK_THROWS_AS(green::latch(-1), std::system_error);
    green::latch l(1);
    CHECK_THROWS_AS(l.count_down(2), std::system_error);
    CHECK_THROWS_AS(l.count_down(-1), std::system_error);
    CHECK_THROWS_AS(l.arrive_and_wait(2), std::system_error);
    l.count_down();
    CHECK(green::wait_any(l) == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "threads without a hub count a latch down") {
    green::latch l(2);
    auto count = [&] {
        l.count_down();
        CHECK(green::hub::current_or_null() == nullptr);
    };
    std::thread a(count), b(count);
    l.wait();
    a.join(), b.join();
}

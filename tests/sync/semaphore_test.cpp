// SPDX-License-Identifier: BSL-1.0
#include <green/sync/semaphore.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/hub/hub.h>

#include <array>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a semaphore serves its waiters in the order in which they came") {
    green::semaphore s(0);
    std::vector<int> order;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 4; ++i) fibers.push_back(green::spawn([&, i] { s.acquire(), order.push_back(i); }));
    green::yield();
    s.release();
    s.release(3);
    for (auto& f : fibers) f.join();
    CHECK(order == std::vector{0, 1, 2, 3});
    CHECK(s.available() == 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "a permit given to a waiter cannot be snatched before it runs") {
    green::semaphore s(0);
    bool served = false;
    auto waiter = green::spawn([&] { s.acquire(), served = true; });
    green::yield();
    s.release();
    CHECK(!s.try_acquire());
    waiter.join();
    CHECK(served);
}

TEST_CASE_FIXTURE(support::virtual_time, "three fibers that keep taking one permit all make progress") {
    green::semaphore s(1);
    std::array<int, 3> turns{};
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([&, i] {
            for (int n = 0; n < 30; ++n) {
                s.acquire();
                ++turns[static_cast<std::size_t>(i)];
                green::yield();
                s.release();
                CHECK(std::abs(turns[0] - turns[1]) <= 1);
            }
        }));
    for (auto& f : fibers) f.join();
    CHECK(turns == std::array{30, 30, 30});
}

TEST_CASE_FIXTURE(support::virtual_time, "acquiring a permit that comes too late takes none") {
    green::semaphore s(0);
    CHECK(!s.try_acquire_for(1ms));
    CHECK(!s.try_acquire_until(green::clock::now()));
    s.release();
    CHECK(s.available() == 1);
    CHECK(s.try_acquire_for(1ms));
}

TEST_CASE_FIXTURE(support::virtual_time, "a permit passes over a fiber killed while waiting for it") {
    green::semaphore s(0);
    bool served = false;
    auto victim = green::spawn([&] { s.acquire(); });
    auto next = green::spawn([&] { s.acquire(), served = true; });
    green::yield();
    victim.kill();
    s.release();
    next.join();
    CHECK(served);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a fiber killed between being given a permit and running keeps the permit until its next wait") {
    green::semaphore s(0);
    auto victim = green::spawn([&] {
        s.acquire();
        struct give_back {
            green::semaphore& s;
            ~give_back() { s.release(); }
        } guard{s};
        green::yield();
    });
    green::yield();
    s.release();
    victim.kill();
    CHECK(s.available() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "releasing a bounded semaphore too often is refused and changes nothing") {
    green::bounded_semaphore s(2);
    CHECK_THROWS_AS(s.release(), std::system_error);
    s.acquire();
    CHECK_THROWS_AS(s.release(2), std::system_error);
    try {
        s.release(2);
    } catch (const std::system_error& e) {
        CHECK(e.code() == std::errc::value_too_large);
    }
    CHECK(s.available() == 1);
    s.release();
    CHECK(s.available() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a semaphore refuses negative counts by their name, and changes nothing") {
    CHECK(support::error_of([] { green::semaphore s(-1); }) == std::errc::invalid_argument);
    CHECK(support::error_of([] { green::bounded_semaphore s(-1); }) == std::errc::invalid_argument);
    green::semaphore s(0);
    CHECK(support::error_of([&] { s.release(-1); }) == std::errc::invalid_argument);
    CHECK(support::what_of([&] { s.release(-1); }).find("negative") != std::string::npos);
    CHECK(s.available() == 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting for a permit to be there takes none") {
    green::semaphore s(0);
    bool saw_it = false;
    auto onlooker = green::spawn([&] { s.wait(), saw_it = true; });
    green::yield();
    CHECK(!saw_it);
    s.release();
    onlooker.join();
    CHECK(saw_it);
    CHECK(s.available() == 1);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a permit that a fiber of an ending thread gives back goes to whoever waits elsewhere") {
    green::semaphore s(1);
    green::semaphore held(0);
    support::other_hub there;
    green::spawn_on(*there, [&] {
        s.acquire();
        struct give_back {
            green::semaphore& s;
            ~give_back() { s.release(); }
        } guard{s};
        held.release();
        green::sleep(1h);
    });
    held.acquire();
    auto next = green::spawn([&] { s.acquire(); });
    green::yield();
    there.end();
    next.get();
    CHECK(s.available() == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "threads without a hub release and try without getting one") {
    green::semaphore s(1);
    bool got_hub = true;
    std::thread([&] {
        CHECK(s.try_acquire());
        CHECK(!s.try_acquire());
        s.release();
        got_hub = green::hub::current_or_null() != nullptr;
    }).join();
    CHECK(!got_hub);
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of two threads hand permits to each other") {
    green::semaphore ping(0), pong(0);
    constexpr int rounds = 500;
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) ping.acquire(), pong.release();
    });
    for (int i = 0; i < rounds; ++i) ping.release(), pong.acquire();
    other.join();
    CHECK(ping.available() + pong.available() == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "no permit is lost or made when timeouts race with releases of other threads") {
    green::semaphore s(0);
    constexpr int permits = 400;
    std::atomic<int> taken{0};
    std::atomic<bool> done{false};
    auto take = [&] {
        while (!done || s.available() > 0)
            if (s.try_acquire_for(20us)) ++taken;
    };
    std::thread a([&] {
        auto f = green::spawn(take);
        auto g = green::spawn(take);
        f.join(), g.join();
    });
    std::thread b(take);
    for (int i = 0; i < permits; ++i) {
        s.release();
        if (i % 8 == 0) green::yield();
    }
    done = true;
    a.join(), b.join();
    CHECK(taken + s.available() == permits);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber that never has to wait for permits still lets others run") {
    green::semaphore s(1);
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    int spins = 0;
    for (; !other_ran && spins < 1'000'000; ++spins) s.acquire(), s.release();
    CHECK(other_ran);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/condition_variable.h>

#include <support/ending_thread.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/coro/spawn.h>
#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/mutex.h>
#include <green/sync/timeout.h>

#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a notification wakes the fiber that has waited longest") {
    green::mutex m;
    green::condition_variable changed;
    std::vector<int> order;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([&, i] {
            std::unique_lock lock(m);
            changed.wait(lock);
            CHECK(m.held_by_this_fiber());
            order.push_back(i);
        }));
    green::yield();
    changed.notify_one();
    green::yield();
    CHECK(order == std::vector{0});
    changed.notify_all();
    for (auto& f : fibers) f.join();
    CHECK(order == std::vector{0, 1, 2});
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting with a predicate goes on until it holds") {
    green::mutex m;
    green::condition_variable changed;
    int value = 0;
    auto waiter = green::spawn([&] {
        std::unique_lock lock(m);
        changed.wait(lock, [&] { return value == 2; });
        return value;
    });
    for (int i = 0; i < 2; ++i) {
        green::yield();
        CHECK(!waiter.ended());
        std::lock_guard lock(m);
        ++value;
        changed.notify_all();
    }
    CHECK(waiter.get() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a wait that times out has the lock again and misses later notifications") {
    green::mutex m;
    green::condition_variable changed;
    std::unique_lock lock(m);
    CHECK(changed.wait_for(lock, 1s) == std::cv_status::timeout);
    CHECK(!changed.wait_for(lock, 1s, [] { return false; }));
    CHECK(changed.wait_until(lock, clock.now(), [] { return true; }));
    CHECK(m.held_by_this_fiber());
    CHECK(clock.elapsed() == 2s);
    changed.notify_one();
    CHECK(changed.wait_for(lock, 1s) == std::cv_status::timeout);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a cancelled wait gets the lock back before it unwinds, however long that takes") {
    green::mutex m;
    green::condition_variable changed;
    bool had_it = false;
    auto waiter = green::spawn([&] {
        std::unique_lock lock(m);
        try {
            changed.wait(lock);
        } catch (const green::cancellation&) {
            had_it = m.held_by_this_fiber();
            throw;
        }
    });
    green::yield();
    {
        std::lock_guard lock(m);
        waiter.kill_soon();
        green::sleep(1s);
        CHECK(!waiter.ended());
        waiter.kill_soon();
        green::sleep(1s);
        CHECK(!waiter.ended());
    }
    waiter.join();
    CHECK(had_it);
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout around a wait is not swallowed and comes with the lock held") {
    green::mutex m;
    green::condition_variable changed;
    std::unique_lock lock(m);
    CHECK(!green::with_timeout(1s, [&] { (void)changed.wait_for(lock, 1h); }));
    CHECK(m.held_by_this_fiber());
    CHECK(clock.elapsed() == 1s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a notification passes over a waiter that was killed") {
    green::mutex m;
    green::condition_variable changed;
    auto wait = [&] {
        std::unique_lock lock(m);
        changed.wait(lock);
    };
    auto victim = green::spawn(wait), next = green::spawn(wait);
    green::yield();
    victim.kill();
    changed.notify_one();
    CHECK(next.join_for(1s));
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting without holding the lock is refused and leaves nothing behind") {
    green::mutex m;
    green::condition_variable changed;
    CHECK_THROWS_AS(changed.wait(m), std::system_error);
    changed.notify_all();
    green::sleep(1s);
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::leak_check, "a condition works between fibers, threads and native locks") {
    std::mutex native;
    green::condition_variable changed;
    int turn = 0;
    auto take_turns = [&](int mine) {
        for (int i = 0; i < 200; ++i) {
            std::unique_lock lock(native);
            changed.wait(lock, [&] { return turn % 2 == mine; });
            ++turn;
            changed.notify_all();
        }
    };
    std::thread other(take_turns, 1);
    take_turns(0);
    other.join();
    CHECK(turn == 400);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "at the end of its thread a wait has the lock again, free or not, in either model") {
    green::mutex m;
    green::condition_variable changed;
    int had_it = 0;
    auto as_fiber = [&] {
        std::unique_lock lock(m);
        try {
            changed.wait(lock);
        } catch (const green::cancellation&) {
            had_it += lock.owns_lock() && m.held_by_this_fiber();
            throw;
        }
    };
    auto as_task = [&]() -> green::coro::task<void> {
        auto lock = co_await green::coro::scoped_lock(m);
        try {
            co_await green::coro::wait(changed, lock);
        } catch (const green::cancellation&) {
            had_it += lock.owns_lock() && m.held_by_this_fiber();
            throw;
        }
    };
    bool held = true, was_held = false;
    auto hold = [&] {
        std::lock_guard lock(m);
        support::ends_late late{held, was_held};
        green::sleep(1h);
    };
    support::on_a_thread_that_ends([&] {
        return std::vector<green::agent_handle>{green::spawn(as_fiber), green::coro::spawn(as_task())};
    });
    CHECK(had_it == 2);
    support::on_a_thread_that_ends([&] {
        return std::vector<green::agent_handle>{green::spawn(as_fiber), green::coro::spawn(as_task()),
                                                green::spawn(hold)};
    });
    CHECK(was_held);
    CHECK(had_it == 4);
    CHECK(m.try_lock());
    m.unlock();
}

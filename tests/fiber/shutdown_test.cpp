// SPDX-License-Identifier: BSL-1.0
// What becomes of fibers when their thread or their process ends.
#include <green/green.h>

#include <support/child.h>
#include <support/fixture.h>
#include <support/other_hub.h>
#include <support/waits.h>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {
struct says_so {
    const char* what;
    ~says_so() {
        std::puts(what);
        std::fflush(stdout);
    }
};
}  // namespace

SCENARIO_IN_CHILD(main_returns_while_fibers_sleep) {
    green::spawn([] {
        says_so unwound{"unwound"};
        green::sleep(1h);
    });
    green::spawn([] { green::sleep_until(green::never); });
    green::yield();
    green::spawn([] { std::puts("never started"); });
    std::puts("main returns");
}

TEST_CASE("main may return while fibers sleep: they are unwound") {
    auto end = support::run_child("main_returns_while_fibers_sleep");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "main returns\nunwound\n");
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(exit_from_a_fiber) {
    green::spawn([] { green::sleep(1h); });
    green::spawn([] {
        std::puts("leaving");
        std::exit(7);
    }).join();
    std::puts("not reached");
}

TEST_CASE("a fiber may call exit()") {
    auto end = support::run_child("exit_from_a_fiber");
    CHECK(end.exit_status == 7);
    CHECK(end.output == "leaving\n");
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(exit_from_a_callback) {
    green::hub::current().call_soon([] { std::exit(8); });
    green::sleep(1h);
}

TEST_CASE("a callback may call exit()") {
    CHECK(support::run_child("exit_from_a_callback").exit_status == 8);
}

SCENARIO_IN_CHILD(exit_from_main) {
    auto sleeping = green::spawn([] { green::sleep(1h); });
    green::yield();
    std::exit(9);
}

TEST_CASE("main may call exit() while fibers sleep and handles live") {
    auto end = support::run_child("exit_from_main");
    CHECK(end.exit_status == 9);
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(fiber_refuses_to_end) {
    green::spawn({.name = "stubborn"}, [] {
        for (;;) {
            try {
                green::sleep(1h);
            } catch (const green::cancellation&) {
            }
        }
    });
    green::yield();
    std::puts("main returns");
}

TEST_CASE("a fiber that refuses to end is abandoned, by name") {
    auto end = support::run_child("fiber_refuses_to_end");
    CHECK(end.exit_status == 0);
    CHECK(end.errors.find("stubborn") != std::string::npos);
}

SCENARIO_IN_CHILD(an_exception_escapes_main) {
    green::spawn([] { green::sleep(1h); });
    green::yield();
    throw std::runtime_error("escaped");
}

TEST_CASE("an exception that escapes main ends the process as it always does") {
    auto end = support::run_child("an_exception_escapes_main");
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors.find("escaped") != std::string::npos);
}

TEST_CASE("the fibers of a thread that ends are unwound, and handles elsewhere stay good") {
    green::fiber<int> abandoned, finished;
    bool unwound = false;
    std::thread([&] {
        finished = green::spawn([] { return 42; });
        abandoned = green::spawn([&] {
            struct note {
                bool& flag;
                ~note() { flag = true; }
            } guard{unwound};
            green::sleep(1h);
            return 1;
        });
        green::yield();
    }).join();
    CHECK(unwound);
    CHECK(abandoned.was_killed());
    CHECK(finished.get() == 42);
    CHECK_THROWS_AS(abandoned.get(), green::no_result);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that waits for one of a thread that ends is woken") {
    green::fiber<void> theirs;
    std::atomic<bool> spawned{false}, may_end{false};
    std::thread other([&] {
        theirs = green::spawn([] { green::sleep(1h); });
        green::yield();
        spawned = true;
        while (!may_end) green::sleep(100us);
    });
    while (!spawned) green::sleep(100us);
    auto joiner = green::spawn([&] { theirs.join(); });
    green::yield();
    may_end = true;
    joiner.join();
    CHECK(theirs.was_killed());
    other.join();
}

SCENARIO_IN_CHILD(abandoned_fiber_is_waited_for) {
    std::promise<green::fiber<void>> spawned;
    green::mutex lock;
    std::thread other([&] {
        auto stubborn = green::spawn({.name = "stubborn"}, [&] {
            std::lock_guard guard(lock);
            for (;;) {
                try {
                    green::sleep(1h);
                } catch (const green::cancellation&) {
                }
            }
        });
        green::yield();
        spawned.set_value(std::move(stubborn));
    });
    auto stubborn = spawned.get_future().get();
    auto locker = green::spawn([&] { lock.lock(); });
    try {
        stubborn.get();
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::no_such_process ? "joiner told" : e.what());
    }
    try {
        locker.get();
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::owner_dead ? "locker told" : e.what());
    }
    other.join();
}

TEST_CASE("who waits for a fiber that was abandoned, or for its lock, is told") {
    auto end = support::run_child("abandoned_fiber_is_waited_for");
    CHECK(end.output == "joiner told\nlocker told\n");
}

SCENARIO_IN_CHILD(unwinding_spawns_and_sleeps) {
    green::spawn([] {
        struct busy_end {
            ~busy_end() {
                auto last = green::spawn([] { std::puts("the last fiber"); });
                green::sleep(1ms);
                std::puts("slept");
            }
        } guard;
        green::sleep(1h);
    });
    green::yield();
}

TEST_CASE("destructors may sleep and spawn while main returns") {
    auto end = support::run_child("unwinding_spawns_and_sleeps");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "the last fiber\nslept\n");
}

SCENARIO_IN_CHILD(stubborn_fiber_has_locks_and_a_joiner) {
    green::mutex exclusive;
    green::shared_mutex shared;
    green::event held;
    green::fiber<int> stubborn;
    std::thread other([&] {
        stubborn = green::spawn([&] {
            exclusive.lock();
            shared.lock();
            held.set();
            for (;;) {
                try {
                    green::sleep(1h);
                } catch (const green::cancellation&) {
                }
            }
            return 1;
        });
        stubborn.link([] { std::puts("linked"); });
        held.wait();
    });
    held.wait();
    auto print_error = [](auto&& wait) {
        return green::spawn([&wait] {
            try {
                wait();
            } catch (const std::exception& e) {
                std::puts(e.what());
            }
        });
    };
    auto get = [&] { stubborn.get(); };
    auto lock = [&] { exclusive.lock(); };
    auto lock_shared = [&] { shared.lock_shared(); };
    for (auto& each : {print_error(get), print_error(lock), print_error(lock_shared)}) each.join();
    other.join();
}

TEST_CASE("whoever waits for a fiber that is abandoned, or for its locks, is told") {
    auto end = support::run_child("stubborn_fiber_has_locks_and_a_joiner");
    CHECK(end.exit_status == 0);
    CHECK(end.output.find("would not end with its thread") != std::string::npos);
    CHECK(end.output.find("mutex::lock: its owner ended without unlocking it") != std::string::npos);
    CHECK(end.output.find("shared_mutex::lock_shared: its owner ended without unlocking it") != std::string::npos);
    CHECK(end.output.find("linked") != std::string::npos);
}

TEST_CASE("links on a thread's main fiber run when the thread ends, and may spawn") {
    std::atomic<int> order{0};
    int linked_as = 0, spawned_as = 0;
    {
        support::other_hub there;
        there.main().link([&] {
            linked_as = ++order;
            green::spawn([&] { spawned_as = ++order; });
        });
        CHECK(order == 0);
    }
    CHECK(linked_as == 1);
    CHECK(spawned_as == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of a thread that ends leave whatever they wait for, without a trace") {
    support::nothing_to_be_had world;
    std::vector<green::fiber<void>> fibers;
    {
        support::other_hub there;
        for (const auto& each : world.calls())
            if (!each.on_one_hub) fibers.push_back(green::spawn_on(*there, {.name = each.name}, each.call));
        green::spawn_on(*there, [] { green::sleep(1ms); }).join();
        for (const auto& each : fibers) CHECK(!each.ended());
    }
    for (const auto& each : fibers) {
        CAPTURE(each.name());
        CHECK(each.was_killed());
    }
    CHECK(world.traces() == "");
}

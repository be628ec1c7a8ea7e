// SPDX-License-Identifier: BSL-1.0
// Fibers of several threads.
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/ending_thread.h>
#include <support/error_of.h>
#include <support/fixture.h>
#include <support/limits.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "spawn_on runs a fiber on another thread, and its result comes back") {
    support::other_hub there;
    auto fiber = green::spawn_on(*there, [](int n) { return std::pair(std::this_thread::get_id(), n + 1); }, 41);
    auto [id, number] = fiber.get();
    CHECK(id != std::this_thread::get_id());
    CHECK(number == 42);
}

TEST_CASE_FIXTURE(support::leak_check, "spawn_on one's own hub is a spawn") {
    bool ran = false;
    auto fiber = green::spawn_on(green::hub::current(), [&] { ran = true; });
    CHECK_FALSE(ran);
    fiber.join();
    CHECK(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "an exception on another thread comes back, and a name goes there") {
    support::other_hub there;
    auto fiber = green::spawn_on(*there, {.name = "remote"}, [] {
        green::sleep(1us);
        throw std::runtime_error(green::fiber_handle::current().name());
    });
    CHECK_THROWS_WITH_AS(fiber.get(), "remote", std::runtime_error);
}

TEST_CASE_FIXTURE(support::leak_check, "an impossible stack size ends the remote fiber with that error") {
    support::other_hub there;
    bool ran = false;
    auto fiber = green::spawn_on(*there, {.stack_size_bytes = std::size_t{1} << 40}, [&] { ran = true; });
    CHECK_THROWS_AS(fiber.get(), std::invalid_argument);
    CHECK_FALSE(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of two threads join each other many times") {
    support::other_hub there;
    green::hub& here = green::hub::current();
    int sum = 0;
    for (int i = 0; i < 500; ++i)
        sum += green::spawn_on(*there, [&here, i] { return green::spawn_on(here, [i] { return i; }).get(); }).get();
    CHECK(sum == 500 * 499 / 2);
}

TEST_CASE_FIXTURE(support::leak_check, "many threads spawn onto one hub") {
    std::atomic<int> count{0};
    green::hub& here = green::hub::current();
    std::vector<std::thread> threads;
    std::atomic<int> running{4};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<green::fiber<void>> fibers;
            for (int i = 0; i < 200; ++i) fibers.push_back(green::spawn_on(here, [&] { ++count; }));
            for (auto& each : fibers) each.join();
            --running;
        });
    while (running > 0) green::sleep(100us);
    for (auto& each : threads) each.join();
    CHECK(count == 800);
}

TEST_CASE_FIXTURE(support::leak_check, "what a remote fiber holds dies over there, also when all handles are gone") {
    support::other_hub there;
    auto held = std::make_shared<int>(0);
    green::spawn_on(*there, [held] { green::sleep(1us); });
    while (held.use_count() > 1) green::sleep(100us);
    CHECK(held.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a remote fiber that never started ends with its thread") {
    green::fiber<int> never_run;
    {
        support::other_hub there;
        // Arrives while the thread is on its way out, or ends before.
        never_run = green::spawn_on(*there, [] {
            green::sleep(1h);
            return 1;
        });
    }
    never_run.join();
    CHECK(never_run.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber for a thread that has ended ends at once, with an error that says so") {
    green::hub& theirs = support::hub_of_an_ended_thread();
    auto held = std::make_shared<int>(0);
    auto fiber = green::spawn_on(theirs, {.name = "too late"}, [held] { return ++*held; });
    CHECK(fiber.ended());
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
    CHECK(support::error_of([&] { fiber.get(); }) == std::errc::no_such_process);
    CHECK(support::what_of([&] { fiber.get(); }).find("\"too late\" never ran") != std::string::npos);
    fiber.kill();
    bool linked = false;
    fiber.link([&] { linked = true; });
    CHECK_FALSE(linked);
    green::yield();
    CHECK(linked);
}

TEST_CASE("a fiber that its thread never takes up ends with that thread, with an error") {
    for (const bool has_fibers : {false, true}) {
        std::promise<green::hub*> known;
        std::promise<void> spawned;
        std::thread other([&] {
            if (has_fibers) green::yield();
            known.set_value(&green::hub::current());
            spawned.get_future().wait();  // blocks the thread
        });
        bool ran = false;
        auto fiber = green::spawn_on(*known.get_future().get(), [&] { ran = true; });
        CHECK_FALSE(fiber.join_for(1ms));
        spawned.set_value();
        CHECK(support::error_of([&] { fiber.get(); }) == std::errc::no_such_process);
        CHECK_FALSE(ran);
        other.join();
    }
}

TEST_CASE("whatever is spawned for threads that come and go ends") {
    constexpr int generations = 200, spawners = 2;
    std::atomic<green::hub*> target{&support::hub_of_an_ended_thread()};
    std::atomic<bool> over{false};
    std::atomic<int> ran{0}, never_ran{0}, killed{0}, spawned{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < spawners; ++i)
        threads.emplace_back([&] {
            do {
                auto fiber = green::spawn_on(*target, [] { green::yield(); });
                ++spawned;
                fiber.join();
                if (fiber.error()) ++never_ran;
                else ++(fiber.was_killed() ? killed : ran);
            } while (!over);
        });
    for (int i = 0; i < generations; ++i)
        std::thread([&] {
            target = &green::hub::current();
            for (int turn = 0; turn < i % 10; ++turn) green::yield();
        }).join();
    over = true;
    for (auto& each : threads) each.join();
    CHECK(ran + never_ran + killed == spawned);
    CHECK(never_ran > 0);
}

TEST_CASE("handles to fibers of a thread may go when it has ended, and their blocks are used again") {
    green::hub* first = nullptr;
    std::size_t blocks_left = 1;
    {
        std::vector<green::fiber<int>> handles;
        std::thread([&] {
            for (int i = 0; i < 100; ++i) handles.push_back(green::spawn([i] { return i; }));
            green::yield();
            first = &green::hub::current();
        }).join();
        CHECK(handles[42].get() == 42);
    }
    std::thread([&] {
        green::yield();
        if (&green::hub::current() == first) blocks_left = green::detail::scheduler::current().block_count();
    }).join();
    CHECK(blocks_left == 0);
}

SCENARIO_IN_CHILD(no_memory_for_a_remote_stack) {
    support::other_hub there;
    const std::string name = green::spawn_on(*there, [] { return std::string("there"); }).get();
    auto held = std::make_shared<int>();
    green::fiber<int> large;
    {
        support::no_memory_left limit;
        large = green::spawn_on(*there, {.stack_size_bytes = 64 << 20}, [held] { return 1; });
        large.join();
    }
    try {
        large.get();
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::not_enough_memory ? "ENOMEM" : e.what());
    }
    std::printf("held by %ld\n", held.use_count());
    std::printf("%d\n", green::spawn_on(*there, {.stack_size_bytes = 64 << 20}, [] { return 42; }).get());
}

TEST_CASE("no memory for a remote fiber's stack is its error, also when there is none to end on" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("no_memory_for_a_remote_stack");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "ENOMEM\nheld by 1\n42\n");
}

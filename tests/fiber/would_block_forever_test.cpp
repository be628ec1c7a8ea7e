// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/would_block_forever.h>

#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using support::contains;

namespace {
// Waits for what cannot happen, and prints what the main fiber is told.
template <class F>
void expect_deadlock(F&& wait) {
    try {
        wait();
        std::puts("returned");
    } catch (const green::would_block_forever& e) {
        std::puts(e.what());
    }
}
}  // namespace

// In processes of their own: other threads could always wake the main fiber.

SCENARIO_IN_CHILD(all_wait_for_each_other) {
    green::fiber<void> one, other;
    one = green::spawn({.name = "one"}, [&] { other.join(); });
    other = green::spawn({.name = "other"}, [&] { one.join(); });
    expect_deadlock([&] { one.join(); });
    // The hub stays usable, and may say it again.
    std::printf("%d\n", green::spawn([] { green::sleep(1ms); return 42; }).get());
    expect_deadlock([&] { other.join(); });
    one.kill_soon();
    one.join();
    other.join();
    std::puts("all ended");
}

TEST_CASE("a main fiber that nothing can wake gets the list of fibers; the hub stays usable" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("all_wait_for_each_other");
    CHECK(end.exit_status == 0);
    CHECK(contains(end.output, "would block forever"));
    CHECK(contains(end.output, "main: fiber::join of one"));
    CHECK(contains(end.output, "one: fiber::join of other"));
    CHECK(contains(end.output, "other: fiber::join of one"));
    CHECK(contains(end.output, "\n42\n"));
    CHECK(contains(end.output, "main: fiber::join of other"));
    CHECK(contains(end.output, "all ended\n"));
    CHECK_FALSE(contains(end.output, "returned"));
    CHECK_FALSE(contains(end.output, "Resource deadlock avoided"));
}

SCENARIO_IN_CHILD(sleeps_without_end) {
    expect_deadlock([] { green::sleep_until(green::never); });
}

TEST_CASE("a sleep without end, and nothing else, is a deadlock" * doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("sleeps_without_end");
    CHECK(contains(end.output, "main: sleep"));
}

SCENARIO_IN_CHILD(promised_a_wake) {
    green::hub::current().hold();
    auto sleeper = green::spawn([] { green::sleep_until(green::never); });
    green::hub::current().call_after(20ms, [&] {
        green::hub::current().release();
        sleeper.kill_soon();
    });
    expect_deadlock([&] { sleeper.join(); });
}

TEST_CASE("what is still to come is no deadlock: a timer, a promise of another thread") {
    auto end = support::run_child("promised_a_wake");
    CHECK(end.output == "returned\n");
}

SCENARIO_IN_CHILD(last_thread_ends_while_main_waits) {
    std::atomic<bool> ended{false};
    std::thread other([&] {
        green::spawn([] { green::sleep(30ms); }).join();
        ended = true;
    });
    expect_deadlock([] { green::sleep_until(green::never); });
    std::puts(ended ? "not before the other thread had ended" : "too early");
    other.join();
    // It has ended: nothing else is to be waited for.
    auto stuck = green::spawn({.name = "stuck"}, [] { green::sleep_until(green::never); });
    expect_deadlock([&] { stuck.join(); });
}

TEST_CASE("a deadlock shows once the last other thread has ended" * doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("last_thread_ends_while_main_waits");
    CHECK(contains(end.output, "main: sleep"));
    CHECK(contains(end.output, "not before the other thread had ended"));
    CHECK(contains(end.output, "stuck: sleep"));
}

SCENARIO_IN_CHILD(threads_post_and_end) {
    green::hub& home = green::hub::current();
    for (int i = 0; i < 40; ++i) {
        green::event woken;
        std::thread([&, i] {
            std::this_thread::sleep_for(i * 1ms);
            home.call_soon([&] { woken.set(); });
        }).detach();
        woken.wait();
    }
    std::puts("woken each time");
}

TEST_CASE("what a thread does last is never taken for nothing") {
    auto end = support::run_child("threads_post_and_end");
    CHECK(end.output == "woken each time\n");
}

SCENARIO_IN_CHILD(thread_that_does_nothing) {
    std::promise<void> may_end;
    std::thread other([&] { may_end.get_future().wait(); });
    auto waiting = green::spawn([] { green::sleep_until(green::never); });
    green::hub& home = green::hub::current();
    std::thread([&] {
        std::this_thread::sleep_for(100ms);
        home.call_soon([&] { waiting.kill_soon(); });
    }).detach();
    expect_deadlock([&] { waiting.join(); });
    may_end.set_value();
    other.join();
}

TEST_CASE("while there is another thread, nothing is called a deadlock") {
    auto end = support::run_child("thread_that_does_nothing");
    CHECK(end.output == "returned\n");
}

SCENARIO_IN_CHILD(deadlock_inside_a_destructor) {
    struct waits {
        ~waits() { green::sleep_until(green::never); }
    };
    try {
        waits guard;
        throw 1;
    } catch (int) {
    }
}

TEST_CASE("a destructor that would block for ever cannot be told by an exception: it aborts" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("deadlock_inside_a_destructor");
    CHECK(end.exit_status == -1);
    CHECK(contains(end.errors, "would block forever in a destructor"));
}

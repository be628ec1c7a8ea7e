// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/dump_on_signal.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include <unistd.h>

using namespace std::chrono_literals;
using support::contains;

SCENARIO_IN_CHILD(asked_while_parked) {
    green::inspect::dump_on_signal();
    auto sleeper = green::spawn({.name = "sleeper"}, [] { green::sleep(1h); });
    std::thread([] {
        std::this_thread::sleep_for(20ms);
        kill(getpid(), SIGUSR1);
    }).detach();
    green::sleep(100ms);
    green::sleep(1ms);
}

TEST_CASE("on the signal a parked hub wakes and prints its fibers") {
    auto end = support::run_child("asked_while_parked");
    CHECK(end.exit_status == 0);
    CHECK(contains(end.errors, "green: asked 1 hub for fibers\n"));
    CHECK(contains(end.errors, "green: 2 fibers on the hub of thread "));
    CHECK(contains(end.errors, "\"main\""));
    CHECK(contains(end.errors, "\"sleeper\""));
    CHECK(contains(end.errors, "sleep, timer in 60 min"));
}

SCENARIO_IN_CHILD(asked_while_busy) {
    green::inspect::dump_on_signal(SIGUSR2);
    auto spin = [] {
        for (int i = 0; i < 300'000; ++i) green::yield();
    };
    auto one = green::spawn({.name = "one"}, spin), other = green::spawn({.name = "other"}, spin);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR2);
    one.join();
    other.join();
}

TEST_CASE("on the signal a busy hub prints between two fibers") {
    auto end = support::run_child("asked_while_busy");
    CHECK(end.exit_status == 0);
    CHECK(contains(end.errors, "3 fibers on the hub"));
}

SCENARIO_IN_CHILD(one_hub_is_stuck) {
    green::yield();  // brings this thread's hub to life
    std::atomic<bool> other_is_up{false}, stop{false};
    std::thread other([&] {
        green::yield();
        other_is_up = true;
        while (!stop) std::this_thread::sleep_for(1ms);  // blocks the thread, not a fiber
    });
    while (!other_is_up) green::sleep(1ms);
    green::inspect::dump_on_signal();
    raise(SIGUSR1);
    green::sleep(1300ms);
    stop = true;
    other.join();
}

TEST_CASE("a hub that does not answer is mentioned") {
    auto end = support::run_child("one_hub_is_stuck");
    CHECK(end.exit_status == 0);
    CHECK(contains(end.errors, "asked 2 hubs"));
    CHECK(contains(end.errors, "1 hub has not answered for a second"));
}

SCENARIO_IN_CHILD(hubs_of_ended_threads_are_not_asked) {
    std::thread([] { green::yield(); }).join();
    green::inspect::dump_on_signal();
    green::yield();
    raise(SIGUSR1);
    green::sleep(5ms);
}

TEST_CASE("hubs whose thread has ended are not asked") {
    auto end = support::run_child("hubs_of_ended_threads_are_not_asked");
    CHECK(contains(end.errors, "asked 1 hub for"));
}

TEST_CASE("what is no signal is refused") {
    CHECK_THROWS_AS(green::inspect::dump_on_signal(12345), std::system_error);
    CHECK_THROWS_AS(green::inspect::dump_on_signal(SIGKILL), std::system_error);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/watchdog.h>

#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using green::inspect::stuck_fiber;
using green::inspect::watchdog;

namespace {

void compute_for(green::duration time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {}
}

struct reports {
    watchdog::reporter collect() {
        return [this](const stuck_fiber& who) {
            std::lock_guard guard(lock);
            all.push_back(who);
        };
    }
    // Blocks the thread, or computes, until there are so many. This machine may be busy: gives up only after long.
    void hold_hub_until(std::size_t count, bool computing = false) {
        const auto latest = std::chrono::steady_clock::now() + 20s;
        while (so_far().size() < count && std::chrono::steady_clock::now() < latest)
            computing ? compute_for(1ms) : std::this_thread::sleep_for(1ms);
    }
    std::vector<stuck_fiber> so_far() {
        std::lock_guard guard(lock);
        return all;
    }
    std::mutex lock;
    std::vector<stuck_fiber> all;
};

// How long the turns of a hub's fibers last by the clock. A watchdog is right to report one that a busy machine holds
// up for the limit, and what holds it up may begin in one turn and end in the next.
class turns {
  public:
    void next() {
        const auto now = std::chrono::steady_clock::now();
        longest_ = std::max(longest_, now - std::exchange(began_, now));
    }
    bool all_well_below(green::duration limit) const { return longest_ < limit / 2; }

  private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    green::duration longest_{};
};

// ThreadSanitizer keeps a signal back until the thread makes its next system call.
constexpr bool signals_are_late = support::with_thread_sanitizer;

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a fiber that computes while others wait is reported once, with its frames" *
                                           doctest::skip(signals_are_late)) {
    reports seen;
    auto crunch = green::spawn({.name = "crunch"}, [&] {
        seen.hold_hub_until(1, true);
        compute_for(200ms);
    });
    const std::uint64_t id = crunch.id();
    {
        watchdog guard(50ms, seen.collect());
        crunch.join();
    }
    auto all = seen.so_far();
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "crunch");
    CHECK(all[0].id == id);
    CHECK(all[0].held_for >= 50ms);
    CHECK_FALSE(all[0].backtrace.empty());
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber interrupted in its own function, which calls nothing, has a frame" *
                                           doctest::skip(signals_are_late)) {
    std::atomic<bool> reported = false;
    std::vector<std::string> frames;
    watchdog guard(50ms, [&](const stuck_fiber& who) {
        frames = who.backtrace;
        reported = true;
    });
    constexpr std::uint64_t too_long = std::uint64_t{1} << 36;
    green::spawn([&] { for (std::uint64_t i = 0; !reported && i < too_long; ++i) {} }).join();
    REQUIRE(reported);
    CHECK_FALSE(frames.empty());
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that blocks its thread is reported, for each time that it does so") {
    reports seen;
    auto blocker = green::spawn([&] {
        for (std::size_t i = 1; i <= 2; ++i) {
            seen.hold_hub_until(i);
            green::yield();
        }
    });
    auto other = green::spawn([&] {
        while (!blocker.ended()) green::sleep(1ms);
    });
    watchdog guard(50ms, seen.collect());
    other.join();
    auto all = seen.so_far();
    REQUIRE(all.size() == 2);
    CHECK(all[0].id == blocker.id());
    CHECK(all[1].id == blocker.id());
}

TEST_CASE_FIXTURE(support::leak_check, "a main that computes is reported when fibers wait, and not when it is alone" *
                                           doctest::skip(signals_are_late)) {
    reports seen;
    watchdog guard(50ms, seen.collect());
    green::yield();
    compute_for(300ms);
    CHECK(seen.so_far().empty());
    auto other = green::spawn([] {});
    seen.hold_hub_until(1, true);
    auto all = seen.so_far();
    other.join();
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "main");
}

TEST_CASE_FIXTURE(support::leak_check, "fibers that let each other run, and an idle hub, are not reported") {
    constexpr auto limit = 400ms;
    reports seen;
    turns seen_by_us;
    watchdog guard(limit, seen.collect());
    auto busy = [&] {
        for (int i = 0; i < 100; ++i) {
            compute_for(5ms);
            seen_by_us.next();
            green::yield();
        }
    };
    auto one = green::spawn(busy), other = green::spawn(busy);
    one.join();
    other.join();
    green::sleep(600ms);
    if (seen_by_us.all_well_below(limit)) CHECK(seen.so_far().empty());
}

TEST_CASE_FIXTURE(support::leak_check, "a call that blocks for less than the limit is not interrupted") {
    constexpr auto limit = 600ms;
    reports seen;
    turns seen_by_us;
    auto other = green::spawn([] { green::sleep(700ms); });
    green::yield();
    watchdog guard(limit, seen.collect());
    int interrupted_count = 0;
    for (int i = 0; i < 3; ++i) {
        interrupted_count += usleep(200'000) != 0;
        seen_by_us.next();
        green::yield();
    }
    other.join();
    if (seen_by_us.all_well_below(limit)) {
        CHECK(interrupted_count == 0);
        CHECK(seen.so_far().empty());
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a call that returns EINTR is reported too" *
                                           doctest::skip(signals_are_late)) {
    reports seen;
    auto other = green::spawn([] { green::sleep(10ms); });
    green::yield();
    watchdog guard(50ms, seen.collect());
    CHECK(usleep(20'000'000) == -1);
    seen.hold_hub_until(1);
    other.join();
    CHECK(seen.so_far().size() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "the hubs of other threads are watched too") {
    reports seen;
    support::other_hub elsewhere;
    watchdog guard(50ms, seen.collect());
    green::spawn_on(*elsewhere, {.name = "far"}, [&] { seen.hold_hub_until(1); }).join();
    auto all = seen.so_far();
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "far");
}

TEST_CASE_FIXTURE(support::leak_check, "a watchdog that goes does not leave a thread that sleeps alone") {
    support::other_hub elsewhere;
    for (int i = 0; i < 200; ++i) {
        watchdog guard(50ms, [](const stuck_fiber&) {});
        green::sleep(100us);
    }
    CHECK(elsewhere.main().state() != green::fiber_state::ended);
}

TEST_CASE_FIXTURE(support::leak_check, "a task is reported like a fiber, and a callback as the hub's own") {
    reports seen;
    watchdog guard(50ms, seen.collect());
    auto task = [&seen](bool& done) -> green::coro::task<void> {
        seen.hold_hub_until(1);
        done = true;
        co_return;
    };
    bool done = false;
    auto spawned = green::coro::spawn({.name = "stuck task"}, task(done));
    while (!done) green::yield();
    auto other = green::spawn([] { green::sleep(1ms); });
    green::hub::current().call_soon([&] { seen.hold_hub_until(2); });
    other.join();
    auto all = seen.so_far();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "stuck task");
    CHECK(all[1].name == "a hub callback");
}

TEST_CASE_FIXTURE(support::leak_check,
                  "one without a name is reported by its number" * doctest::skip(signals_are_late)) {
    reports seen;
    watchdog guard(50ms, seen.collect());
    auto fiber = green::spawn([&] { seen.hold_hub_until(1); });
    fiber.join();
    auto task = green::coro::spawn([&]() -> green::coro::task<void> {
        seen.hold_hub_until(2);
        co_return;
    });
    green::block_on(task);
    auto all = seen.so_far();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == fiber.name());
    CHECK(all[1].name == task.name());
}

TEST_CASE("a second watchdog, a limit of nothing and a bad signal are refused by name") {
    watchdog guard(1s);
    try {
        watchdog second(1s);
        FAIL("two at once");
    } catch (const std::system_error& e) {
        CHECK(e.code() == std::errc::device_or_resource_busy);
        CHECK(std::string(e.what()).find("watchdog") != std::string::npos);
    }
    CHECK_THROWS_AS(watchdog(0ms), std::invalid_argument);
}

TEST_CASE("a signal that cannot be caught is refused, and leaves nothing behind") {
    CHECK_THROWS_AS(watchdog(1s, {}, SIGKILL), std::system_error);
    CHECK_THROWS_AS(watchdog(1s, {}, 12345), std::system_error);
    watchdog guard(1s);
}

TEST_CASE("the signal's handler is what it was before") {
    struct sigaction before {}, after {};
    sigaction(SIGURG, nullptr, &before);
    { watchdog guard(1s); }
    sigaction(SIGURG, nullptr, &after);
    CHECK((after.sa_handler == before.sa_handler));
}

SCENARIO_IN_CHILD(stray_signal) {
    watchdog guard(50ms);
    raise(SIGURG);  // on a thread without a hub
    green::yield();
    raise(SIGURG);
}

TEST_CASE("the signal may come from elsewhere") {
    CHECK(support::run_child("stray_signal").exit_status == 0);
}

SCENARIO_IN_CHILD(waits_for_nothing) {
    watchdog guard(50ms);
    green::event never;
    try {
        never.wait();
    } catch (const green::would_block_forever&) {
        _exit(7);
    }
}

// ThreadSanitizer has a thread of its own, which might wake the main fiber for all that anybody knows.
TEST_CASE("a main that waits for nothing is told so as without a watchdog" *
          doctest::skip(support::with_thread_sanitizer)) {
    CHECK(support::run_child("waits_for_nothing").exit_status == 7);
}

SCENARIO_IN_CHILD(reports_on_standard_error) {
    watchdog guard(50ms);
    green::spawn({.name = "crunch"}, [] { std::this_thread::sleep_for(3s); }).join();
}

TEST_CASE("without a reporter it prints who keeps the hub") {
    auto end = support::run_child("reports_on_standard_error");
    CHECK(end.exit_status == 0);
    CHECK(end.errors.find("green: \"crunch\" (") == 0);
    CHECK(end.errors.find(") has kept its hub for ") != std::string::npos);
    CHECK(end.errors.find(" ms while others wait:\n    ") != std::string::npos);
}

SCENARIO_IN_CHILD(forks) {
    auto guard = std::make_unique<watchdog>(50ms);
    green::yield();
    pid_t child = fork();
    if (child == 0) {
        guard.reset();
        watchdog own(50ms, [](const stuck_fiber&) { _exit(7); });
        green::spawn([] { std::this_thread::sleep_for(20s); }).join();
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

// ThreadSanitizer lets no child of a process with several threads make a thread. AddressSanitizer leaves its allocator
// locked there when another thread was in it, and the watchdog's had just begun.
TEST_CASE("the child of a fork has none, and may make its own" * doctest::skip(support::with_sanitizer)) {
    CHECK(support::run_child("forks").exit_status == 7);
}

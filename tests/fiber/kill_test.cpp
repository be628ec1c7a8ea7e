// SPDX-License-Identifier: BSL-1.0
// Killing, in every state that a fiber can be in.
#include <green/fiber/fiber.h>

#include <green/green.h>

#include <support/fixture.h>
#include <support/other_hub.h>
#include <support/waits.h>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {
struct at_scope_end {
    std::string& log;
    ~at_scope_end() { log += "unwound;"; }
};
}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a fiber killed before it started never runs, and its links fire") {
    bool ran = false, linked = false;
    auto fiber = green::spawn([&] { ran = true; });
    fiber.link([&] { linked = true; });
    fiber.kill();
    green::yield();
    CHECK_FALSE(ran);
    CHECK(linked);
    CHECK(fiber.was_killed());
    CHECK(fiber.succeeded());
    CHECK_FALSE(fiber.error());
}

TEST_CASE_FIXTURE(support::leak_check, "get() from a fiber that was killed says that there is no result") {
    auto fiber = green::spawn([] { return 1; });
    fiber.kill();
    CHECK_THROWS_AS(fiber.get(), green::no_result);
    auto nothing = green::spawn([] { green::sleep(1h); });
    nothing.kill();
    nothing.get();  // no result was promised
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a sleeping fiber's handlers have finished when kill() returns, even when they wait") {
    std::string log;
    auto fiber = green::spawn([&] {
        at_scope_end guard{log};
        try {
            green::sleep(1h);
        } catch (const green::fiber_exit& e) {
            log += e.what() + std::string(";");
            green::sleep(1ms);
            log += "cleaned;";
            throw;
        }
    });
    green::yield();
    fiber.kill();
    CHECK(log == "killed;cleaned;unwound;");
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "a ready fiber is killed at its next wait") {
    std::string log;
    auto fiber = green::spawn([&] {
        at_scope_end guard{log};
        green::yield();
        log += "went on;";
    });
    green::yield();
    CHECK(fiber.state() == green::fiber_state::ready);
    fiber.kill();
    CHECK(log == "unwound;");
}

TEST_CASE_FIXTURE(support::leak_check, "killing twice, or after the end, changes nothing") {
    auto fiber = green::spawn([] { green::sleep(1h); });
    green::yield();
    fiber.kill_soon();
    fiber.kill_soon(std::make_exception_ptr(std::runtime_error("later")));
    fiber.kill();
    fiber.kill();
    CHECK(fiber.was_killed());
    auto ended = green::spawn([] { return 7; });
    ended.join();
    ended.kill();
    CHECK(ended.get() == 7);
    CHECK_FALSE(ended.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber may kill itself") {
    std::string log;
    green::fiber<int> self = green::spawn([&] {
        at_scope_end guard{log};
        self.kill();
        log += "went on;";
        return 1;
    });
    self.join();
    CHECK(log == "unwound;");
    CHECK(self.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check,
                  "killing oneself throws at once, whatever the way, the reason and the shield around it") {
    green::fiber<void> self;
    auto cut_short = [&](auto&& kill) {
        bool went_on = false;
        self = green::spawn([&] {
            green::shield([&] { kill(); });
            went_on = true;
        });
        self.join();
        return !went_on;
    };
    CHECK(cut_short([&] { self.kill(); }));
    CHECK(self.was_killed());
    CHECK(cut_short([&] { self.kill_soon(); }));
    CHECK(self.was_killed());
    CHECK(cut_short([&] { self.kill(std::make_exception_ptr(std::out_of_range("myself"))); }));
    CHECK_THROWS_WITH_AS(self.get(), "myself", std::out_of_range);
    CHECK(cut_short([&] { green::killall(std::vector{self}); }));
    CHECK(self.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "the main fiber may kill itself, and catch it") {
    bool caught = false;
    try {
        green::fiber_handle::current().kill();
    } catch (const green::fiber_exit&) {
        caught = true;
    }
    CHECK(caught);
    green::yield();
}

TEST_CASE_FIXTURE(support::leak_check, "a reason of one's own arrives as it is, and never at the killer") {
    auto fiber = green::spawn([] { green::sleep(1h); });
    green::yield();
    fiber.kill(std::make_exception_ptr(std::out_of_range("too far")));
    CHECK_THROWS_WITH_AS(fiber.get(), "too far", std::out_of_range);
    CHECK_FALSE(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "an unstarted fiber killed with a reason ends with it, and runs no line") {
    bool ran = false;
    auto fiber = green::spawn([&] { ran = true; });
    fiber.kill(std::make_exception_ptr(std::out_of_range("never mind")));
    CHECK_FALSE(ran);
    CHECK_THROWS_AS(fiber.get(), std::out_of_range);
}

TEST_CASE_FIXTURE(support::leak_check, "what the victim throws instead is its own business") {
    auto fiber = green::spawn([] {
        try {
            green::sleep(1h);
        } catch (const green::fiber_exit&) {
            throw std::logic_error("worse");
        }
    });
    green::yield();
    fiber.kill();
    CHECK_THROWS_WITH_AS(fiber.get(), "worse", std::logic_error);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that swallows the kill goes on to its end, and kill() waits for it") {
    auto fiber = green::spawn([] {
        try {
            green::sleep(1h);
        } catch (const green::fiber_exit&) {
        }
        green::sleep(1ms);
        return 5;
    });
    green::yield();
    fiber.kill();
    CHECK(fiber.get() == 5);
}

TEST_CASE_FIXTURE(support::leak_check, "a handler for std::exception does not swallow a kill") {
    bool swallowed = false;
    auto fiber = green::spawn([&] {
        try {
            green::sleep(1h);
        } catch (const std::exception&) {
            swallowed = true;
        }
    });
    green::yield();
    fiber.kill();
    CHECK_FALSE(swallowed);
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time, "a destructor that waits during a kill waits to its end") {
    struct slow_end {
        green::testing::virtual_clock& clock;
        green::duration& waited;
        ~slow_end() {
            green::sleep(10s);
            waited = clock.elapsed();
        }
    };
    green::duration waited{};
    auto fiber = green::spawn([&] {
        slow_end guard{clock, waited};
        green::sleep(1h);
    });
    green::yield();
    fiber.kill_soon();
    green::yield();
    fiber.kill_soon();
    fiber.kill();
    CHECK(waited == 10s);
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "a joiner may be killed while it joins, and its victim goes on") {
    auto sleeper = green::spawn([] { green::sleep(1h); });
    auto joiner = green::spawn([&] { sleeper.join(); });
    green::yield();
    joiner.kill();
    CHECK(joiner.was_killed());
    CHECK_FALSE(sleeper.ended());
    sleeper.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "two fibers may kill each other") {
    green::fiber<void> one, other;
    one = green::spawn([&] { other.kill(); });
    other = green::spawn([&] { one.kill(); });
    one.join();
    other.join();
    CHECK((one.was_killed() || other.was_killed()));
}

TEST_CASE_FIXTURE(support::leak_check, "a kill that came too late is no error, of a fiber, a task, or a main fiber") {
    auto kill_behind_shield = [](const green::agent_handle& me) {
        green::spawn([me] { me.kill_soon(); });
        green::shield([] { green::sleep(1ms); });
    };
    green::fiber<void> fiber;
    fiber = green::spawn([&] { kill_behind_shield(fiber); });
    fiber.join();
    CHECK(fiber.succeeded());
    green::coro::join_handle<int> task;
    task = green::coro::spawn([&]() -> green::coro::task<int> {
        task.get_agent()->raise(std::make_exception_ptr(green::fiber_exit()));
        co_return 42;
    });
    CHECK(green::block_on(task) == 42);
    CHECK(task.succeeded());
    green::fiber_handle main;
    std::thread([&] {
        main = green::fiber_handle::current();
        kill_behind_shield(main);
    }).join();
    CHECK(main.ended());
    CHECK(main.succeeded());
    CHECK(main.error() == nullptr);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber of another thread can be killed from here") {
    support::other_hub there;
    bool unwound = false;
    green::event started;
    auto fiber = green::spawn_on(*there, [&] {
        struct note {
            bool& flag;
            ~note() { flag = true; }
        } guard{unwound};
        started.set();
        green::sleep(1h);
    });
    started.wait();
    fiber.kill();
    CHECK(unwound);
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a fiber killed in a wait of any kind has taken nothing and left nothing behind") {
    support::nothing_to_be_had world;
    for (const auto& each : world.calls()) {
        CAPTURE(each.name);
        auto fiber = green::spawn([&] { each.call(); });
        green::yield();
        CHECK(fiber.state() == green::fiber_state::parked);
        fiber.kill();
        CHECK(fiber.was_killed());
    }
    CHECK(world.traces() == "");
}

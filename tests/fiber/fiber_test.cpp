// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/fiber.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;
using green::fiber_state;
using support::contains;

TEST_CASE_FIXTURE(support::leak_check, "get() returns the value, to several and again") {
    auto answer = green::spawn([] {
        green::yield();
        return std::string("42");
    });
    auto one = green::spawn([&] { return answer.get().size(); });
    auto copy = answer;
    CHECK(answer.get() == "42");
    CHECK(copy.get() == "42");
    CHECK(one.get() == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "get() rethrows, to several and again; join() does not") {
    auto failing = green::spawn([]() -> int { throw std::runtime_error("failed"); });
    failing.join();
    CHECK(failing.join_for(0s));
    CHECK_THROWS_WITH_AS(failing.get(), "failed", std::runtime_error);
    CHECK_THROWS_WITH_AS(failing.get(), "failed", std::runtime_error);
    CHECK_FALSE(failing.succeeded());
    CHECK(failing.error());
}

TEST_CASE_FIXTURE(support::virtual_time, "join_for() returns at its time, or at the end if that is sooner") {
    auto sleeper = green::spawn([] { green::sleep(10s); });
    CHECK_FALSE(sleeper.join_for(3s));
    CHECK(clock.elapsed() == 3s);
    CHECK_FALSE(sleeper.join_for(0s));
    CHECK(clock.elapsed() == 3s);
    CHECK(sleeper.join_for(1h));
    CHECK(clock.elapsed() == 10s);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber goes through its states") {
    CHECK(green::fiber_handle::current().state() == fiber_state::running);
    green::fiber<fiber_state> self = green::spawn([&] {
        const auto running = self.state();
        green::yield();
        green::sleep(1us);
        return running;
    });
    CHECK(self.state() == fiber_state::unstarted);
    green::yield();
    CHECK(self.state() == fiber_state::ready);
    green::yield();
    CHECK(self.state() == fiber_state::parked);
    self.join();
    CHECK(self.state() == fiber_state::ended);
    CHECK(self.get() == fiber_state::running);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that joins itself is told so") {
    green::fiber<void> self = green::spawn([&] {
        CHECK_THROWS_AS(self.join(), std::system_error);
        CHECK_THROWS_AS(self.join_for(1s), std::system_error);
    });
    self.get();
    CHECK_THROWS_AS(green::fiber_handle::current().join(), std::system_error);
}

TEST_CASE_FIXTURE(support::leak_check, "handles compare by the fiber they name") {
    auto one = green::spawn([] {}), other = green::spawn([] {});
    auto copy = one;
    CHECK(one == copy);
    CHECK_FALSE(one == other);
    one = other;
    CHECK(one == other);
    CHECK_FALSE(green::fiber_handle().valid());
    green::yield();
}

TEST_CASE_FIXTURE(support::leak_check, "an exception that is taken by nobody but through error() counts as taken") {
    auto failing = green::spawn([] { throw std::runtime_error("taken"); });
    failing.join();
    REQUIRE(failing.error());
}

SCENARIO_IN_CHILD(nobody_takes_an_exception) {
    green::spawn({.name = "unlucky"}, [] { throw std::runtime_error("nobody wants me"); });
    auto held = green::spawn({.name = "held"}, [] { throw std::runtime_error("somebody wants me"); });
    green::spawn({.name = "strange"}, [] { throw 42; });
    green::spawn({.name = "with arguments"}, [](int n) { throw n; }, 42);
    green::spawn({.name = "killed"}, [] { green::sleep(1h); }).kill();
    green::yield();
    try {
        held.get();
    } catch (const std::exception& e) {
        std::puts(e.what());
    }
}

TEST_CASE("an exception nobody takes is reported once, with the fiber's name and origin") {
    auto end = support::run_child("nobody_takes_an_exception");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "somebody wants me\n");
    const auto at = end.errors.find("nobody wants me");
    REQUIRE(at != std::string::npos);
    CHECK_FALSE(contains(end.errors.substr(at + 1), "nobody wants me"));
    // Then comes {lambda()#1}, or Clang's word for it.
    CHECK(contains(end.errors, "fiber \"unlucky\" of scenario_nobody_takes_an_exception()::"));
    CHECK(contains(end.errors, "\"strange\""));
    CHECK(contains(end.errors, "fiber \"with arguments\" of scenario_nobody_takes_an_exception()::"));
    CHECK_FALSE(contains(end.errors, "somebody wants me"));
    CHECK_FALSE(contains(end.errors, "\"killed\""));
}

TEST_CASE("a native thread without fibers of its own may join and get") {
    auto sum = green::spawn([] {
        green::sleep(1ms);
        return 42;
    });
    std::atomic<int> seen{0};
    std::thread other([&] { seen = sum.get(); });
    sum.join();
    while (seen == 0) green::sleep(100us);
    other.join();
    CHECK(seen == 42);
}

TEST_CASE_FIXTURE(support::leak_check, "a name may be as long as one likes") {
    const std::string name(100'000, 'n');
    auto named = green::spawn({.name = name}, [] { return green::fiber_handle::current().name(); });
    CHECK(named.get() == name);
    named.set_name("short");
    CHECK(named.name() == "short");
}

TEST_CASE_FIXTURE(support::leak_check, "name and state may be asked for by one thread while another one changes them") {
    std::atomic<int> looked_count{0};
    auto fiber = green::spawn({.name = "aaaa"}, [&] {
        for (int i = 0; looked_count < 1000; ++i) {
            green::fiber_handle::current().set_name(std::string(100, i % 2 ? 'x' : 'y'));
            green::yield();
        }
    });
    std::thread other([fiber, &looked_count] {
        while (looked_count < 1000) {
            const std::string name = fiber.name();
            CHECK(name.find_first_not_of(name[0]) == std::string::npos);
            (void)fiber.state();
            if (name != "aaaa") ++looked_count;
        }
    });
    fiber.join();
    other.join();
}

SCENARIO_IN_CHILD(gets_from_an_empty_handle) { green::fiber<int>().get(); }
SCENARIO_IN_CHILD(joins_an_empty_handle) { green::fiber<void>().join(); }
SCENARIO_IN_CHILD(asks_an_empty_handle_for_its_name) { (void)green::fiber_handle().name(); }
SCENARIO_IN_CHILD(waits_for_an_empty_handle) { green::wait_all(green::fiber<void>()); }

TEST_CASE("an empty handle says that it names nobody, and aborts") {
    for (const char* scenario : {"gets_from_an_empty_handle", "joins_an_empty_handle",
                                 "asks_an_empty_handle_for_its_name", "waits_for_an_empty_handle"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(contains(end.errors, "names no fiber or task"));
    }
}

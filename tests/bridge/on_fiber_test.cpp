// SPDX-License-Identifier: BSL-1.0
// A task that has a function called on a fiber: where it runs, what comes back, and who waits for whom.
#include <green/green.h>

#include <support/ending_thread.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using green::coro::on_fiber;
using green::coro::task;

TEST_CASE_FIXTURE(support::virtual_time, "a function that parks gives its result and its error to the task") {
    auto body = []() -> task<std::string> {
        auto slow = [] {
            green::sleep(1s);
            return std::make_unique<int>(7);
        };
        const std::unique_ptr<int> result = co_await on_fiber(slow);
        auto broken = [] {
            green::sleep(1s);
            throw std::runtime_error("broken");
        };
        std::string said;
        try {
            co_await on_fiber(broken);
        } catch (const std::runtime_error& error) {
            said = error.what();
        }
        co_return said + std::to_string(*result);
    };
    auto spawned = green::coro::spawn(body());
    CHECK(green::block_on(spawned) == "broken7");
    CHECK(green::block_on(body()) == "broken7");
    CHECK(clock.elapsed() >= 4s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a reference that the function returns is handed on") {
    int number = 1;
    auto body = [&]() -> task<int*> {
        auto slow = [&]() -> int& {
            green::sleep(1s);
            return number;
        };
        int& same = co_await on_fiber(slow);
        auto constant = [&]() -> const int& { return number; };
        const int& again = co_await on_fiber(constant);
        co_return &again == &same ? &same : nullptr;
    };
    CHECK(green::block_on(green::coro::spawn(body())) == &number);
    CHECK(green::block_on(body()) == &number);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that runs the task is the one that calls the function") {
    std::uint64_t seen = 0;
    auto look = [&] { seen = green::fiber_handle::current().id(); };
    green::block_on(on_fiber(look));
    CHECK(seen == green::fiber_handle::current().id());
    auto spawned = green::coro::spawn(on_fiber(look));
    green::block_on(spawned);
    CHECK(seen != green::fiber_handle::current().id());
    CHECK(seen != spawned.id());
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a task that is killed waits for the fiber's last steps, however often it is killed") {
    std::string log;
    struct last_steps {
        std::string& log;
        ~last_steps() {
            green::sleep(1s);  // waits during unwinding are not cancelled
            log += "cleaned ";
        }
    };
    auto body = [&]() -> task<void> {
        auto wait = [&] {
            last_steps at_end{log};
            green::sleep(1h);
        };
        try {
            co_await on_fiber(wait);
        } catch (const green::fiber_exit&) {
            log += "killed";
        }
    };
    auto victim = green::coro::spawn(body());
    green::sleep(1ms);
    victim.kill_soon();
    green::sleep(1ms);
    victim.kill_soon();
    green::block_on([&]() -> task<void> { co_await victim.join(); }());
    CHECK(log == "cleaned killed");
    CHECK(clock.elapsed() < 2s);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a timeout around it is its own, and what the fiber returns too late is lost") {
    bool ended = false;
    auto stubborn = [&] {
        try {
            green::sleep(1h);
        } catch (const green::cancellation&) {
        }
        ended = true;
        return 1;
    };
    auto body = [&]() -> task<bool> {
        const auto result = co_await green::coro::with_timeout(1s, on_fiber(stubborn));
        co_return result.has_value();
    };
    auto spawned = green::coro::spawn(body());
    CHECK_FALSE(green::block_on(spawned));
    CHECK(ended);
}

TEST_CASE_FIXTURE(support::leak_check, "in a task that is cancelled already the function is never called") {
    bool called = false;
    auto body = [&]() -> task<bool> {
        auto call = [&] { called = true; };
        green::cancel_scope scope;
        scope.cancel();
        try {
            co_await on_fiber(call);
        } catch (const green::cancelled& request) {
            co_return scope.owns(request);
        }
        co_return false;
    };
    auto spawned = green::coro::spawn(body());
    CHECK(green::block_on(spawned));
    CHECK_FALSE(called);
}

TEST_CASE_FIXTURE(support::leak_check, "at the end of the thread the fiber ends before the objects that it refers to") {
    bool is_there = false, was_there = false;
    support::on_a_thread_that_ends([&] {
        auto body = [](bool& is_there, bool& was_there) -> task<void> {
            support::present present(is_there);
            auto wait = [&] {
                support::ends_late late{is_there, was_there};
                green::sleep(1h);
            };
            co_await on_fiber(wait);
        };
        return green::coro::spawn(body(is_there, was_there));
    });
    CHECK(was_there);
}

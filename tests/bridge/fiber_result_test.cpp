// SPDX-License-Identifier: BSL-1.0
// A task that gets what a fiber returns: its result, its error, and what is left when one of both gives up.
#include <green/green.h>

#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
namespace coro = green::coro;
using coro::task;

namespace {

// Runs the body as a task of its own, which has no stack to park on.
template <class Body>
auto as_task(Body body) {
    return green::block_on(coro::spawn(body()));
}

}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "a task gets a fiber's result, again and from several tasks") {
    auto answer = green::spawn([] {
        green::sleep(1s);
        return std::string("answer");
    });
    auto ask = [&]() -> task<std::string> { co_return co_await coro::get(answer); };
    auto one = coro::spawn(ask()), other = coro::spawn(ask());
    CHECK(green::block_on(one) == "answer");
    CHECK(green::block_on(other) == "answer");
    CHECK(as_task(ask) == "answer");
    CHECK(green::block_on(ask()) == "answer");  // by a fiber that runs the task
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a result is moved out of a handle that goes away, and a reference stays one") {
    CHECK(as_task([]() -> task<int> {
        std::unique_ptr<int> result = co_await coro::get(green::spawn([] {
            green::sleep(1s);
            return std::make_unique<int>(7);
        }));
        co_return *result;
    }) == 7);
    int object = 0;
    as_task([&]() -> task<void> {
        auto finder = green::spawn([&]() -> int& { return object; });
        (co_await coro::get(finder)) = 1;
        (co_await coro::get(std::move(finder))) += 1;
    });
    CHECK(object == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber that gets its own result in a task that it runs is told so") {
    green::fiber<std::string> itself;
    itself = green::spawn([&] {
        return green::block_on([&]() -> task<std::string> {
            try {
                co_return co_await coro::get(itself);
            } catch (const std::system_error& refused) {
                co_return refused.code() == std::errc::resource_deadlock_would_occur ? refused.what() : "another error";
            }
        }());
    });
    CHECK(itself.get() == "green: fiber \"" + itself.name() + "\" joins itself: Resource deadlock avoided");
    CHECK(as_task([&]() -> task<std::size_t> { co_return (co_await coro::get(itself)).size(); }) > 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "a task gets a fiber's error, and no_result from one that was killed") {
    as_task([]() -> task<void> {
        auto broken = green::spawn([]() -> int { throw std::runtime_error("broken"); });
        auto broken_void = green::spawn([] { throw std::runtime_error("broken, too"); });
        auto killed = green::spawn([] { return green::sleep(1h), 1; });
        auto killed_void = green::spawn([] { green::sleep(1h); });
        killed.kill_soon();
        killed_void.kill_soon();
        CHECK_THROWS_WITH(co_await coro::get(broken), "broken");
        CHECK_THROWS_WITH(co_await coro::get(broken_void), "broken, too");
        CHECK_THROWS_AS(co_await coro::get(killed), green::no_result);
        co_await coro::get(killed_void);
    });
}

TEST_CASE_FIXTURE(support::virtual_time, "a task that gives up leaves the fiber running") {
    auto slow = green::spawn([] { return green::sleep(1s), 1; });
    auto ask = [&]() -> task<int> { co_return co_await coro::get(slow); };
    CHECK_FALSE(as_task([&] { return coro::with_timeout(1ms, ask()); }).has_value());
    CHECK_FALSE(slow.ended());
    CHECK(slow.get() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "the fiber may be another thread's") {
    support::other_hub thread;
    CHECK(as_task([&]() -> task<bool> {
        green::hub* const there = co_await coro::get(green::spawn_on(*thread, [] { return &green::hub::current(); }));
        co_return there == &*thread;
    }));
}

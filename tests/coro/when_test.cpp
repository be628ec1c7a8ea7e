// SPDX-License-Identifier: BSL-1.0
// Awaiting several tasks together.
#include <green/sync/when.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

namespace {

coro::task<int> after(green::duration d, int value) {
    co_await coro::sleep(d);
    co_return value;
}
coro::task<int> fail_after(green::duration d) {
    co_await coro::sleep(d);
    throw std::runtime_error("failed");
}

}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "when_all() runs all at once and gives the results in order") {
    auto all = []() -> coro::task<void> {
        const auto begin = green::hub::current().now();
        auto nothing = []() -> coro::task<void> { co_await coro::sleep(20ms); };
        auto [a, b, c] = co_await coro::when_all(after(30ms, 1), nothing(), after(10ms, 3));
        (void)b;
        CHECK(a == 1);
        CHECK(c == 3);
        CHECK(green::hub::current().now() - begin == 30ms);
        std::vector<coro::task<int>> many;
        for (int i = 0; i < 100; ++i) many.push_back(after(1ms, i));
        const auto numbers = co_await coro::when_all(std::move(many));
        CHECK(numbers.size() == 100);
        CHECK(numbers[99] == 99);
    };
    green::block_on(all());
    green::block_on(coro::spawn(all()));
}

TEST_CASE_FIXTURE(support::virtual_time, "when_all() cancels the others when one fails") {
    auto all = []() -> coro::task<void> {
        const auto begin = green::hub::current().now();
        CHECK_THROWS_WITH(co_await coro::when_all(after(1h, 1), fail_after(10ms)), "failed");
        CHECK(green::hub::current().now() - begin == 10ms);
    };
    green::block_on(coro::spawn(all()));
}

TEST_CASE_FIXTURE(support::virtual_time, "when_any() gives the first and cancels the rest") {
    auto any = []() -> coro::task<void> {
        std::vector<coro::task<int>> all;
        all.push_back(after(1h, 1));
        all.push_back(after(10ms, 2));
        const auto first = co_await coro::when_any(std::move(all));
        CHECK(first.index == 1);
        CHECK(first.value == 2);
        std::vector<coro::task<int>> failing;
        failing.push_back(after(1h, 1));
        failing.push_back(fail_after(1ms));
        CHECK_THROWS_WITH(co_await coro::when_any(std::move(failing)), "failed");
    };
    green::block_on(coro::spawn(any()));
}

TEST_CASE_FIXTURE(support::virtual_time, "as_completed() goes in order of completion, over tasks and fibers") {
    auto all = []() -> coro::task<std::string> {
        std::vector<green::agent_handle> handles;
        handles.push_back(coro::spawn(after(30ms, 0)));
        handles.push_back(green::spawn([] { green::sleep(10ms); }));
        handles.push_back(coro::spawn(after(20ms, 0)));
        std::string order;
        auto done = coro::as_completed(handles);
        while (auto i = co_await done.next()) order += std::to_string(*i);
        co_return order;
    };
    CHECK(green::block_on(coro::spawn(all())) == "120");
}

// SPDX-License-Identifier: BSL-1.0
// Awaiting several tasks together.
#include <green/sync/when.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cstdio>
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

TEST_CASE_FIXTURE(support::virtual_time, "tasks that return references may be awaited together") {
    int one = 1, two = 2;
    auto refer = [](green::duration d, int& to) -> coro::task<int&> {
        co_await coro::sleep(d);
        co_return to;
    };
    auto all = [&]() -> coro::task<void> {
        auto [a, b, c] = co_await coro::when_all(refer(2ms, one), after(1ms, 5), refer(1ms, two));
        CHECK(&a == &one);
        CHECK(b == 5);
        CHECK(&c == &two);
        auto both = [&] {
            std::vector<coro::task<int&>> tasks;
            tasks.push_back(refer(2ms, one));
            tasks.push_back(refer(1ms, two));
            return tasks;
        };
        const auto numbers = co_await coro::when_all(both());
        CHECK(&numbers[0].get() == &one);
        CHECK(&numbers[1].get() == &two);
        const auto first = co_await coro::when_any(both());
        CHECK(first.index == 1);
        CHECK(&first.value == &two);
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

namespace {

coro::task<int> fails_on_its_way_out() {
    try {
        co_await coro::sleep(1h);
    } catch (const green::cancellation&) {
    }
    throw std::runtime_error("while cleaning up");
}

std::vector<coro::task<int>> with_a_bad_loser(coro::task<int> first) {
    std::vector<coro::task<int>> all;
    all.push_back(fails_on_its_way_out());
    all.push_back(std::move(first));
    return all;
}

}  // namespace

SCENARIO_IN_CHILD(loser_fails) {
    auto any = []() -> coro::task<void> {
        const auto first = co_await coro::when_any(with_a_bad_loser(after(1ms, 7)));
        std::printf("%zu %d\n", first.index, first.value);
    };
    green::block_on(coro::spawn(any()));
}

TEST_CASE("what is won by when_any() is not lost when a loser fails; that error is reported") {
    const auto end = support::run_child("loser_fails");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "1 7\n");
    CHECK(support::contains(end.errors, "green: task \"task-"));
    CHECK(support::contains(end.errors, "ended with an exception that nobody took: while cleaning up\n"));
}

TEST_CASE_FIXTURE(support::virtual_time, "what is won by when_any() is not lost when a kill or a timeout comes after it") {
    auto slow_loser = []() -> coro::task<int> {
        try {
            co_await coro::sleep(1h);
        } catch (const green::cancellation&) {
        }
        auto last_steps = []() -> coro::task<int> {
            co_await coro::sleep(1s);
            co_return 0;
        };
        co_return co_await coro::shield(last_steps());
    };
    int won = 0, killed = 0;
    auto any = [&]() -> coro::task<void> {
        std::vector<coro::task<int>> all;
        all.push_back(slow_loser());
        all.push_back(after(10ms, 2));
        const auto first = co_await coro::when_any(std::move(all));
        won += first.value;
        try {
            co_await coro::sleep(1ms);
        } catch (const green::cancellation&) {
            ++killed;
            throw;
        }
    };
    auto victim = coro::spawn(any());
    green::sleep(100ms);
    victim.kill_soon();
    green::killall(std::vector{victim});
    CHECK(won == 2);
    CHECK(killed == 1);
    auto in_time = [&]() -> coro::task<void> {
        CHECK_FALSE(co_await coro::with_timeout(100ms, any()));
        co_await coro::sleep(1ms);
    };
    green::block_on(coro::spawn(in_time()));
    CHECK(won == 4);
    CHECK(killed == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "when_any() throws all errors when there is no result that they could cost") {
    auto any = []() -> coro::task<std::size_t> {
        try {
            co_await coro::when_any(with_a_bad_loser(fail_after(1ms)));
        } catch (const green::exception_group& all) {
            co_return all.exceptions().size();
        }
        co_return 0;
    };
    CHECK(green::block_on(coro::spawn(any())) == 2);
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

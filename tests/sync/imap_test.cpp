// SPDX-License-Identifier: BSL-1.0
#include <green/sync/imap.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/bridge/block_on.h>
#include <green/coro/sleep.h>
#include <green/coro/spawn.h>
#include <green/fiber/sleep.h>
#include <green/sync/pool.h>
#include <green/sync/timeout.h>

#include <algorithm>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "imap gives results in the order of the items, imap_unordered as they come") {
    green::pool p(3);
    auto wait_and_return = [](int i) {
        green::sleep(i * 1s);
        return i;
    };
    std::vector<int> ordered, unordered;
    for (int i : p.imap(std::vector{3, 1, 2}, wait_and_return)) ordered.push_back(i);
    CHECK(ordered == std::vector{3, 1, 2});
    for (int i : p.imap_unordered(std::vector{3, 1, 2}, wait_and_return)) unordered.push_back(i);
    CHECK(unordered == std::vector{1, 2, 3});
    CHECK(clock.elapsed() == 6s);
    for (int i : p.imap(std::vector<int>{}, wait_and_return)) FAIL(i);
    for (int i : p.imap_unordered(std::vector<int>{}, wait_and_return)) FAIL(i);
    p.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "imap starts no more than it may look ahead") {
    for (bool in_order : {true, false}) {
        green::pool p(10);
        int started = 0, taken = 0;
        auto f = [&](int i) {
            ++started;
            return i;
        };
        auto check = [&](int) {
            ++taken;
            green::sleep(1s);
            CHECK(started <= taken + 3);
        };
        if (in_order)
            for (int i : p.imap(std::views::iota(0, 20), f, 3)) check(i);
        else
            for (int i : p.imap_unordered(std::views::iota(0, 20), f, 3)) check(i);
        CHECK(started == 20);
        CHECK(taken == 20);
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "imap keeps the pool busy while its consumer waits for a slow task") {
    green::pool p(2);
    int sum = 0;
    for (int i : p.imap(std::vector{4, 1, 1, 1, 1}, [](int i) { return green::sleep(i * 1s), i; }, 5)) sum += i;
    CHECK(sum == 8);
    CHECK(clock.elapsed() == 4s);
}

TEST_CASE_FIXTURE(support::virtual_time, "an error in imap surfaces at its turn, and the loop may go on") {
    green::pool p(2);
    auto results = p.imap(std::vector{1, 2, 3}, [](int i) {
        if (i == 2) throw std::runtime_error("two");
        return i;
    });
    auto at = results.begin();
    CHECK(*at == 1);
    CHECK_THROWS_AS(++at, std::runtime_error);
    ++at;
    CHECK(*at == 3);
    ++at;
    CHECK(at == std::default_sentinel);
}

TEST_CASE_FIXTURE(support::virtual_time, "an error of the items themselves surfaces after the results before it") {
    green::pool p(2);
    auto items = std::views::iota(0, 5) | std::views::transform([](int i) {
                     if (i == 2) throw std::runtime_error("no more");
                     return i;
                 });
    std::vector<int> got;
    CHECK_THROWS_AS(
        [&] {
            for (int i : p.imap_unordered(items, [](int i) { return i; })) got.push_back(i);
        }(),
        std::runtime_error);
    CHECK(got == std::vector{0, 1});
}

TEST_CASE_FIXTURE(support::virtual_time, "leaving imap early kills what is under way") {
    green::pool p(2);
    int finished = 0;
    for (int i : p.imap_unordered(std::vector{1, 100, 100, 100}, [&](int i) {
             green::sleep(i * 1s);
             ++finished;
             return i;
         })) {
        CHECK(i == 1);
        break;
    }
    p.join();
    CHECK(finished == 1);
    CHECK(clock.elapsed() == 1s);
    CHECK(p.free_count() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a pool may go before the tasks of an imap that was left") {
    {
        green::pool p(1);
        for (int i : p.imap(std::vector{1, 2, 3}, [](int i) { return i; })) {
            CHECK(i == 1);
            break;
        }
    }
    green::sleep(1s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout while waiting for a result loses none") {
    green::pool p(1);
    auto results = p.imap(std::vector{2, 1}, [](int i) { return green::sleep(i * 1s), i; });
    CHECK(!green::with_timeout(1s, [&] { results.begin(); }));
    auto at = results.begin();
    CHECK(*at == 2);
    CHECK(*++at == 1);
}

// --- of tasks ---

namespace {

namespace coro = green::coro;

coro::task<int> wait_and_give(int i) {
    co_await coro::sleep(i * 1s);
    if (i == 13) throw std::runtime_error("unlucky");
    co_return i;
}

const std::vector<int> three{3, 1, 2}, one_unlucky{2, 13, 1}, nothing{};

template <class Results>
coro::task<std::vector<int>> all_of(Results& results) {
    std::vector<int> values;
    while (auto value = co_await results.next()) values.push_back(*value);
    const auto after_the_end = co_await results.next();
    CHECK_FALSE(after_the_end);
    co_return values;
}

}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "a task gets results in the order of the items, or as they come") {
    green::pool p(3);
    auto body = [&]() -> coro::task<void> {
        auto in_order = coro::imap(p, three, wait_and_give);
        const auto ordered = co_await all_of(in_order);
        CHECK(ordered == three);
        auto as_they_come = coro::imap_unordered(p, three, wait_and_give);
        const auto sorted = co_await all_of(as_they_come);
        CHECK(std::ranges::is_sorted(sorted));
        CHECK(sorted.size() == 3);
        auto none = coro::imap(p, nothing, wait_and_give);
        const auto no_results = co_await all_of(none);
        CHECK(no_results.empty());
        co_await coro::join(p);
    };
    green::block_on(coro::spawn(body()));
    CHECK(clock.elapsed() == 6s);
    green::block_on(body());
}

TEST_CASE_FIXTURE(support::virtual_time, "a task's imap starts no more than it may look ahead") {
    auto body = []() -> coro::task<void> {
        green::pool p(10);
        int started = 0, taken = 0;
        auto f = [&](int i) -> coro::task<int> {
            ++started;
            co_return i;
        };
        auto results = coro::imap(p, std::views::iota(0, 20), f, 3);
        while (auto i = co_await results.next()) {
            CHECK(*i == taken++);
            co_await coro::sleep(1s);
            CHECK(started <= taken + 3);
        }
        CHECK(taken == 20);
        co_await coro::join(p);
    };
    green::block_on(coro::spawn(body()));
}

TEST_CASE_FIXTURE(support::virtual_time, "a task may go on asking imap after an item's error, or after it gave up") {
    auto body = []() -> coro::task<void> {
        green::pool p(2);
        auto results = coro::imap(p, one_unlucky, wait_and_give);
        const auto too_early = co_await coro::with_timeout(1s, results.next());
        CHECK_FALSE(too_early);
        CHECK(*co_await results.next() == 2);
        CHECK_THROWS_WITH(co_await results.next(), "unlucky");
        CHECK(*co_await results.next() == 1);
        CHECK_FALSE(co_await results.next());
        auto broken = std::views::iota(0, 3) | std::views::transform([](int i) {
                          return i == 1 ? throw std::runtime_error("no item") : i;
                      });
        auto of_broken = coro::imap(p, broken, wait_and_give);
        CHECK(*co_await of_broken.next() == 0);
        CHECK_THROWS_WITH(co_await of_broken.next(), "no item");
        CHECK_FALSE(co_await of_broken.next());
    };
    green::block_on(coro::spawn(body()));
}

TEST_CASE_FIXTURE(support::virtual_time, "a task that lets imap go early has what is under way killed") {
    green::pool p(2);
    int unwound = 0;
    auto body = [&]() -> coro::task<void> {
        auto f = [&](int i) -> coro::task<int> {
            struct note {
                int& count;
                ~note() { ++count; }
            } at_the_end{unwound};
            co_await coro::sleep(i * 1s);
            co_return i;
        };
        {
            auto results = coro::imap(p, std::views::iota(1), f);
            CHECK(*co_await results.next() == 1);
        }
        co_await coro::join(p);
    };
    green::block_on(coro::spawn(body()));
    CHECK(unwound >= 2);
    CHECK(clock.elapsed() == 1s);
    CHECK(p.free_count() == 2);
}

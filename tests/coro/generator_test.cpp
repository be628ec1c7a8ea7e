// SPDX-License-Identifier: BSL-1.0
// Sequences that coroutines compute.
#include <green/coro/generator.h>

#include <green/coro/async_generator.h>
#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

namespace {

coro::generator<int> count_up(int from) {
    for (;; ++from) co_yield from;
}

coro::generator<int> nothing() {
    co_return;
}

struct node {
    int value;
    std::unique_ptr<node> left, right;
};
std::unique_ptr<node> tree(int low, int high) {
    if (low > high) return nullptr;
    const int middle = (low + high) / 2;
    return std::make_unique<node>(node{middle, tree(low, middle - 1), tree(middle + 1, high)});
}
coro::generator<const int&> walk(const node* n) {
    if (!n) co_return;
    co_yield coro::elements_of(walk(n->left.get()));
    co_yield n->value;
    co_yield coro::elements_of(walk(n->right.get()));
}

}  // namespace

TEST_CASE("a generator is a range, computed as far as it is looked at") {
    std::vector<int> seen;
    for (int n : count_up(5) | std::views::filter([](int n) { return n % 2; }) | std::views::take(3)) seen.push_back(n);
    CHECK(seen == std::vector<int>{5, 7, 9});
    for (int n : nothing()) CHECK(n == -1);
}

TEST_CASE("nested generators give their elements in place, a tree in order") {
    auto root = tree(1, 1000);
    int expected = 1;
    for (const int& n : walk(root.get())) CHECK(n == expected++);
    CHECK(expected == 1001);
}

TEST_CASE("a chain of a hundred thousand generators costs no stack, and each element one step") {
    struct chain {
        static coro::generator<int> of(int depth) {
            if (depth > 0) co_yield coro::elements_of(of(depth - 1));
            co_yield depth;
        }
    };
    int expected = 0;
    for (int n : chain::of(100'000)) {
        if (n != expected) FAIL("out of order");
        ++expected;
    }
    CHECK(expected == 100'001);
}

TEST_CASE("what a generator throws is thrown at the step, through every level") {
    struct thrower {
        static coro::generator<int> inner() {
            co_yield 1;
            throw std::runtime_error("inner");
        }
        static coro::generator<int> outer() {
            bool failed = false;
            try {
                co_yield coro::elements_of(inner());
            } catch (const std::runtime_error&) {
                failed = true;
            }
            if (failed) co_yield 2;
            co_yield coro::elements_of(inner());
        }
    };
    std::vector<int> seen;
    auto all = thrower::outer();
    auto consume = [&] {
        for (int n : all) seen.push_back(n);
    };
    CHECK_THROWS_WITH(consume(), "inner");
    CHECK(seen == std::vector<int>{1, 2, 1});
}

TEST_CASE("a generator that is dropped is destroyed where it stands") {
    auto witness = std::make_shared<int>();
    auto holding = [](std::shared_ptr<int> held) -> coro::generator<int> {
        for (;;) co_yield static_cast<int>(held.use_count());
    };
    {
        auto all = holding(witness);
        CHECK(*all.begin() >= 2);
    }
    CHECK(witness.use_count() == 1);
}

TEST_CASE("elements may be moved out, and may be only movable") {
    auto boxes = []() -> coro::generator<std::unique_ptr<int>> {
        for (int i = 0; i < 3; ++i) co_yield std::make_unique<int>(i);
    };
    int sum = 0;
    for (std::unique_ptr<int> box : boxes()) sum += *box;
    CHECK(sum == 3);
}

namespace {
coro::async_generator<int> ticks(int count) {
    for (int i = 0; i < count; ++i) {
        co_await coro::sleep(10ms);
        co_yield i;
    }
}
}  // namespace

SCENARIO_IN_CHILD(begins_a_generator_twice) {
    auto numbers = count_up(1);
    numbers.begin();
    numbers.begin();
}
SCENARIO_IN_CHILD(begins_a_generator_again_after_its_end) {
    auto none = nothing();
    none.begin();
    none.begin();
}
SCENARIO_IN_CHILD(nests_a_generator_that_was_begun) {
    auto inner = count_up(1);
    inner.begin();
    [](auto begun) -> coro::generator<int> { co_yield coro::elements_of(std::move(begun)); }(std::move(inner)).begin();
}

TEST_CASE("a generator that is begun twice says so, and aborts") {
    for (const char* scenario : {"begins_a_generator_twice", "begins_a_generator_again_after_its_end",
                                 "nests_a_generator_that_was_begun"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(support::contains(end.errors, "a generator that was begun or moved from already"));
    }
}

SCENARIO_IN_CHILD(drops_a_generator_that_computes) {
    std::unique_ptr<coro::generator<int>> all;
    auto drops_itself = [&]() -> coro::generator<int> {
        co_yield 1;
        all.reset();
        co_yield 2;
    };
    all = std::make_unique<coro::generator<int>>(drops_itself());
    ++all->begin();
}
SCENARIO_IN_CHILD(asks_a_generator_that_computes) {
    std::optional<coro::generator<int>::iterator> at;
    auto asks_itself = [&]() -> coro::generator<int> {
        co_yield 1;
        ++*at;
    };
    auto all = asks_itself();
    at = all.begin();
    ++*at;
}

TEST_CASE("a generator that goes away while it computes, or is asked then, says so") {
    for (const char* scenario : {"drops_a_generator_that_computes", "asks_a_generator_that_computes"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(support::contains(end.errors, "while it computes"));
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout that is open at a generator's co_yield does not reach a fiber") {
    auto due = []() -> coro::generator<int> {
        green::timeout limit(5s);
        try {
            co_yield 1;
            green::sleep(10s);
        } catch (const green::cancelled& why) {
            if (!limit.owns(why)) throw;
        }
        co_yield 2;
    };
    auto around = [&]() -> coro::generator<int> { co_yield coro::elements_of(due()); };
    auto all = around();
    auto at = all.begin();
    {
        green::cancel_scope mine;
        green::sleep(20s);
    }
    ++at;
    CHECK(*at == 2);
    CHECK(clock.elapsed() == 20s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a scope that is open at a generator's co_yield does not reach a task") {
    auto cancelled_inside = []() -> coro::generator<int> {
        green::cancel_scope its_own;
        its_own.cancel();
        co_yield 1;
        co_yield coro::elements_of([]() -> coro::generator<int> {
            green::timeout nested(1s);
            co_yield 2;
        }());
    };
    auto consume = [&]() -> coro::task<void> {
        std::unique_ptr<coro::generator<int>> dropped;
        {
            auto all = std::make_unique<coro::generator<int>>(cancelled_inside());
            auto at = all->begin();
            co_await coro::sleep(10s);
            ++at;
            CHECK(*at == 2);
            dropped = std::move(all);
        }
        green::cancel_scope mine;
        co_await coro::sleep(10s);
        dropped.reset();
        co_await coro::sleep(10s);
    };
    green::block_on(consume());
    green::block_on(coro::spawn(consume()));
    CHECK(clock.elapsed() == 60s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout of the consumer reaches into what a generator waits for") {
    auto slow = []() -> coro::generator<int> {
        green::cancel_scope its_own;
        co_yield 1;
        green::sleep(1h);
        co_yield 2;
    };
    auto all = slow();
    auto at = all.begin();
    const bool in_time = green::with_timeout(5s, [&] { ++at; });
    CHECK_FALSE(in_time);
    CHECK(at == all.end());
    CHECK(clock.elapsed() == 5s);
}

TEST_CASE("a generator needs no hub") {
    int total = 0;
    std::thread([&] {
        for (int n : count_up(1) | std::views::take(4)) total += n;
        for (int n : nothing()) total += n;
    }).join();
    CHECK(total == 10);
}

TEST_CASE_FIXTURE(support::virtual_time, "an async generator waits between its values") {
    auto sum = []() -> coro::task<int> {
        int total = 0;
        auto all = ticks(5);
        while (auto n = co_await all.next()) total += *n;
        const auto after_the_end = co_await all.next();
        CHECK_FALSE(after_the_end);
        co_return total;
    };
    CHECK(green::block_on(sum()) == 10);
    CHECK(green::block_on(coro::spawn(sum())) == 10);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout of the consumer cuts an async generator's wait short") {
    auto hurried = []() -> coro::task<int> {
        int seen = 0;
        auto all = ticks(100);
        green::timeout limit(35ms);
        try {
            while (auto tick = co_await all.next()) ++seen;
        } catch (const green::cancelled& request) {
            CHECK(limit.owns(request));
        }
        co_return seen;
    };
    CHECK(green::block_on(coro::spawn(hurried())) == 3);
}

TEST_CASE_FIXTURE(support::virtual_time, "an async generator has one consumer at a time") {
    green::block_on([]() -> coro::task<void> {
        auto all = ticks(2);
        auto first = coro::spawn([&]() -> coro::task<int> { co_return *co_await all.next(); });
        auto second = coro::spawn([&]() -> coro::task<int> { co_return *co_await all.next(); });
        CHECK(co_await first.get() == 0);
        co_await second.join();
        CHECK(support::what_of([&] { std::rethrow_exception(second.error()); }) ==
              "green: an async_generator is asked for a value while it computes one");
        const auto next = co_await all.next();
        CHECK(next == 1);
        const auto after_the_end = co_await all.next();
        CHECK_FALSE(after_the_end);
    }());
}

TEST_CASE_FIXTURE(support::virtual_time, "an async_generator of references gives what is yielded, uncopied") {
    int number = 1;
    auto refer = [&]() -> coro::async_generator<int&> {
        co_yield number;
        co_await coro::sleep(1s);
        co_yield number;
    };
    auto words = []() -> coro::async_generator<const std::string&> {
        co_yield "made for the occasion, and there until the next";
        const std::string own = "its own";
        co_yield own;
        throw std::runtime_error("no more");
    };
    green::block_on([&]() -> coro::task<void> {
        auto all = refer();
        while (int* n = co_await all.next()) {
            CHECK(n == &number);
            ++*n;
        }
        CHECK(number == 3);
        std::string said;
        auto each = words();
        said += *co_await each.next() + ';';
        said += *co_await each.next() + ';';
        CHECK(said == "made for the occasion, and there until the next;its own;");
        CHECK_THROWS_WITH(co_await each.next(), "no more");
        const auto* after_the_end = co_await each.next();
        CHECK_FALSE(after_the_end);
    }());
}

TEST_CASE_FIXTURE(support::leak_check, "a million values do not grow the stack") {
    auto numbers = []() -> coro::async_generator<int> {
        for (int i = 0; i < 1'000'000; ++i) co_yield i;
    };
    auto sum = [&]() -> coro::task<long> {
        long total = 0;
        auto all = numbers();
        while (auto n = co_await all.next()) total += *n;
        co_return total;
    };
    CHECK(green::block_on(sum()) == 499'999'500'000);
}

namespace {
coro::generator<int> nested(int depth) {
    if (depth > 0) co_yield coro::elements_of(nested(depth - 1));
    co_yield depth;
}
coro::generator<int> telling(int depth, std::string& told) {
    struct teller {
        int depth;
        std::string& told;
        ~teller() { told += static_cast<char>('0' + depth); }
    } at_the_end{depth, told};
    if (depth > 0) co_yield coro::elements_of(telling(depth - 1, told));
    co_yield depth;
}
}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a deep generator that is dropped half-way does not use up the stack") {
    green::spawn([] {
        for (int n : nested(100'000)) {
            CHECK(n == 0);
            break;
        }
    }).join();
    std::string told;
    for (int n : telling(3, told))
        if (n == 1) break;
    CHECK(told == "0123");
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout that is open at a co_yield does not reach its consumer") {
    auto due = []() -> coro::async_generator<int> {
        green::timeout limit(5s);
        try {
            co_yield 1;
            co_await coro::sleep(10s);
        } catch (const green::cancelled& why) {
            if (!limit.owns(why)) throw;
        }
        co_yield 2;
    };
    auto consume = [&]() -> coro::task<void> {
        auto all = due();
        auto first = co_await all.next();
        CHECK(first == 1);
        {
            green::cancel_scope mine;
            co_await coro::sleep(20s);
        }
        auto second = co_await all.next();
        CHECK(second == 2);
        auto dropped = due();
        co_await dropped.next();
        green::cancel_scope mine;
        auto elsewhere = std::move(dropped);
    };
    green::block_on(consume());
    CHECK(clock.elapsed() == 20s);
    green::block_on(coro::spawn(consume()));
}

SCENARIO_IN_CHILD(drops_an_async_generator_that_computes) {
    green::block_on([]() -> coro::task<void> {
        auto all = std::make_unique<coro::async_generator<int>>(ticks(2));
        auto asking = coro::spawn([](coro::async_generator<int>& from) -> coro::task<void> {
            co_await from.next();
            co_await from.next();
        }(*all));
        co_await coro::yield();
        all.reset();
        co_await asking.join();
    }());
}

TEST_CASE("an async generator that goes away while it computes says so") {
    auto end = support::run_child("drops_an_async_generator_that_computes");
    CHECK(end.signal == SIGABRT);
    CHECK(support::contains(end.errors, "goes away while it computes"));
}

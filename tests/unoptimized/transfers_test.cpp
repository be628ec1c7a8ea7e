// SPDX-License-Identifier: BSL-1.0
// Coroutines whose transfers to each other are calls, not tail calls.
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <vector>

namespace coro = green::coro;

namespace {

constexpr std::size_t small_stack = 16 * 1024;

coro::task<int> depth(int levels) {
    if (levels == 0) {
        co_await coro::yield();
        co_return 0;
    }
    const int below = co_await depth(levels - 1);
    co_return below + 1;
}

coro::task<void> take_turns(int turns) {
    for (int i = 0; i < turns; ++i) co_await coro::yield();
}

coro::generator<int> nested(int levels) {
    if (levels > 0) co_yield coro::elements_of(nested(levels - 1));
    co_yield levels;
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "without tail calls a chain fits on the smallest stack, too") {
    auto count = [] { return green::block_on(depth(10'000)); };
    CHECK(green::spawn({.stack_size_bytes = small_stack}, count).get() == 10'000);
}

TEST_CASE_FIXTURE(support::leak_check, "... and nested generators") {
    auto count = [] {
        int sum = 0;
        for (int level : nested(1'000)) sum += level;
        return sum;
    };
    CHECK(green::spawn({.stack_size_bytes = small_stack}, count).get() == 500'500);
}

TEST_CASE_FIXTURE(support::leak_check, "... and tasks that go on one after the other") {
    auto run = [] {
        std::vector<coro::join_handle<void>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(coro::spawn(take_turns(100)));
        for (auto& task : tasks) green::block_on(task);
    };
    green::spawn({.stack_size_bytes = small_stack}, run).join();
}

// SPDX-License-Identifier: BSL-1.0
// The two models beside each other: what a switch, a start and a deep chain of calls cost in each. Two tables: the
// first in units of a bare symmetric transfer through a deque (reference/deque_transfer.h), the second in units of one
// level of plain calls.
//
//     build/tests/bench/models-bench [--core N] [--json] ...       options: see harness.h
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>
#include <green/green.h>

#include "fiber_candidates.h"
#include "harness.h"
#include "reference/deque_transfer.h"

namespace {

namespace coro = green::coro;

bench::candidate transfers(std::size_t coroutines) {
    auto ring = std::make_shared<bench::deque_transfer>(coroutines);
    return {"bare transfer through a deque, " + std::to_string(coroutines) + " coroutines",
            [ring](std::uint64_t n) { return bench::timed([&] { ring->run(n); }); }};
}

coro::task<void> run_laps(std::uint64_t laps) {
    for (std::uint64_t lap = 0; lap < laps; ++lap) co_await coro::yield();
}
// As yield_among_fibers() does it.
coro::task<void> turn(std::uint64_t laps, bool leads, bench::nanoseconds& spent) {
    co_await coro::yield();
    const auto start = std::chrono::steady_clock::now();
    co_await run_laps(laps);
    if (leads) spent = std::chrono::steady_clock::now() - start;
}
bench::candidate yield_among_tasks(std::size_t tasks, double limit) {
    auto measure = [tasks](std::uint64_t operations) {
        bench::nanoseconds spent{0};
        std::vector<coro::join_handle<void>> circle;
        for (std::size_t i = 0; i < tasks; ++i) circle.push_back(coro::spawn(turn(operations / tasks, i == 0, spent)));
        for (auto& one : circle) green::block_on(one);
        return spent;
    };
    return {"yield among " + std::to_string(tasks) + " tasks", measure, limit, tasks};
}
coro::task<void> nothing() { co_return; }
coro::task<void> start_and_join(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
        auto one = coro::spawn(nothing());
        co_await one.join();
    }
}
bench::candidate start_tasks() {
    return {"spawn + join of an empty task",
            [](std::uint64_t n) { return bench::timed([n] { green::block_on(coro::spawn(start_and_join(n))); }); }};
}

// A chain of `depth` levels that each call the next; the innermost returns. An operation is one level.
[[gnu::noinline]] int call(int depth) {
    int below = depth == 1 ? 0 : call(depth - 1);
    bench::keep(below);
    return below + 1;
}
coro::task<int> await(int depth) {
    int below = 0;
    if (depth > 1) below = co_await await(depth - 1);
    bench::keep(below);
    co_return below + 1;
}
coro::task<void> await_often(std::uint64_t times, int depth) {
    for (std::uint64_t i = 0; i < times; ++i) {
        const int levels = co_await await(depth);
        bench::keep(levels);
    }
}
bench::candidate calls(int depth) {
    auto measure = [depth](std::uint64_t operations) {
        return bench::timed([&] {
            for (std::uint64_t i = 0; i < operations; i += static_cast<std::uint64_t>(depth)) bench::keep(call(depth));
        });
    };
    return {"a level of plain calls, " + std::to_string(depth) + " deep", measure, 0,
            static_cast<std::uint64_t>(depth)};
}
bench::candidate awaits(int depth) {
    auto measure = [depth](std::uint64_t operations) {
        const std::uint64_t times = operations / static_cast<std::uint64_t>(depth);
        return bench::timed([&] { green::block_on(coro::spawn(await_often(times, depth))); });
    };
    return {"a level of awaits, " + std::to_string(depth) + " deep", measure, 0, static_cast<std::uint64_t>(depth)};
}

// What a frame on the heap costs, of about the size of await()'s.
bench::candidate allocations(std::size_t size_bytes) {
    auto measure = [size_bytes](std::uint64_t operations) {
        return bench::timed([=] {
            for (std::uint64_t i = 0; i < operations; ++i) {
                void* const block = ::operator new(size_bytes);
                bench::keep(block);
                ::operator delete(block);
            }
        });
    };
    return {"new + delete of " + std::to_string(size_bytes) + " bytes", measure};
}

// What it costs to wait at the bottom of such a chain: a fiber switches once, a task is resumed at its bottom too.
int call_and_yield(int depth) {
    if (depth == 0) {
        green::yield();
        return 0;
    }
    int below = call_and_yield(depth - 1);
    bench::keep(below);
    return below + 1;
}
coro::task<int> await_and_yield(int depth) {
    if (depth == 0) {
        co_await coro::yield();
        co_return 0;
    }
    const int below = co_await await_and_yield(depth - 1);
    bench::keep(below);
    co_return below + 1;
}
// Two that do so in turns, so that each wait is a switch.
bench::candidate waits_of_fibers(int depth) {
    auto measure = [depth](std::uint64_t operations) {
        auto wait_often = [=] {
            for (std::uint64_t i = 0; i < operations / 2; ++i) bench::keep(call_and_yield(depth));
        };
        return bench::timed([&] {
            auto one = green::spawn(wait_often), other = green::spawn(wait_often);
            one.join();
            other.join();
        });
    };
    return {"a fiber that yields below " + std::to_string(depth) + " calls", measure, 0, 2};
}
coro::task<void> yield_often(std::uint64_t times, int depth) {
    for (std::uint64_t i = 0; i < times; ++i) {
        const int levels = co_await await_and_yield(depth);
        bench::keep(levels);
    }
}
bench::candidate waits_of_tasks(int depth) {
    auto measure = [depth](std::uint64_t operations) {
        return bench::timed([&] {
            auto one = coro::spawn(yield_often(operations / 2, depth)),
                 other = coro::spawn(yield_often(operations / 2, depth));
            green::block_on(one);
            green::block_on(other);
        });
    };
    return {"a task that yields below " + std::to_string(depth) + " awaits", measure, 0, 2};
}

}  // namespace

int main(int count, char** words) {
    bench::comparison switches(count, words);
    switches.add(transfers(2));
    switches.add(yield_among_tasks(2, 1.5));
    switches.add(bench::yield_among_fibers(2));
    switches.add(transfers(10'000));
    switches.add(yield_among_tasks(10'000, 0));
    switches.add(bench::yield_among_fibers(10'000));
    switches.add(start_tasks());
    switches.add(bench::spawn_and_join_fibers());
    switches.run();

    bench::comparison depths(count, words);
    for (int depth : {1, 10, 100}) depths.add(calls(depth));
    for (int depth : {1, 10, 100}) depths.add(awaits(depth));
    depths.add(allocations(128));
    for (int depth : {1, 10, 100}) depths.add(waits_of_fibers(depth));
    for (int depth : {1, 10, 100}) depths.add(waits_of_tasks(depth));
    return depths.run();
}

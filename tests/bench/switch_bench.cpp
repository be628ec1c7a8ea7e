// SPDX-License-Identifier: BSL-1.0
// What the small operations of the runtime cost, in units of J (see reference/jump_ping_pong.h).
//
//     build/tests/bench/switch-bench [--core N] [--json] ...       options: see harness.h
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>
#include <green/green.h>

#include "fiber_candidates.h"
#include "harness.h"
#include "reference/jump_ping_pong.h"

namespace {

// Two fibers that hand a permit to and fro. `acquire` takes one from the semaphore it is given.
template <class Acquire>
bench::candidate hand_off(const char* name, double limit, Acquire acquire) {
    auto measure = [acquire](std::uint64_t operations) {
        green::semaphore ping(0), pong(0);
        auto other = green::spawn([&] {
            for (std::uint64_t i = 0; i < operations; i += 2) {
                acquire(ping);
                pong.release();
            }
        });
        auto one = green::spawn([&] {
            for (std::uint64_t i = 0; i < operations; i += 2) {
                ping.release();
                acquire(pong);
            }
        });
        return bench::timed([&] {
            one.join();
            other.join();
        });
    };
    return {name, measure, limit, 2};
}

// A switch into a greenlet and its switch back, each from a place of its own in the code.
bench::candidate greenlet_there_and_back() {
    auto measure = [](std::uint64_t operations) {
        green::greenlet<std::uint64_t(std::uint64_t)> echo([](std::uint64_t n) -> std::uint64_t {
            for (;;) n = green::switch_to_parent<std::uint64_t>(n + 1);
        });
        std::uint64_t n = 0;
        auto spent = bench::timed([&] {
            for (std::uint64_t i = 0; i < operations; ++i) n = echo.switch_to(n);
        });
        bench::keep(n);
        return spent;
    };
    return {"greenlet switch there and back", measure, 3};
}

bench::candidate generator_step() {
    auto measure = [](std::uint64_t operations) {
        green::generator<std::uint64_t> numbers([operations](auto yield) {
            for (std::uint64_t i = 0; i < operations; ++i) yield(i);
        });
        std::uint64_t sum = 0;
        auto spent = bench::timed([&] {
            for (std::uint64_t n : numbers) sum += n;
        });
        bench::keep(sum);
        return spent;
    };
    return {"generator step", measure, 3};
}

bench::candidate reading_of_clock(const char* name, clockid_t clock) {
    auto measure = [clock](std::uint64_t operations) {
        return bench::timed([&] {
            for (std::uint64_t i = 0; i < operations; ++i) {
                timespec now;
                ::clock_gettime(clock, &now);
                bench::keep(now);
            }
        });
    };
    return {name, measure};
}

}  // namespace

int main(int count, char** words) {
    bench::comparison comparison(count, words);
    comparison.add(bench::jump_unit());
    comparison.add(bench::yield_among_fibers(2, 1.5));
    comparison.add(bench::yield_among_fibers(10'000, 4));
    comparison.add(bench::spawn_and_join_fibers(9));
    comparison.add(hand_off("semaphore hand-off", 4.5, [](green::semaphore& one) { one.acquire(); }));
    comparison.add(hand_off("semaphore hand-off with a deadline", 7,
                            [](green::semaphore& one) { one.try_acquire_for(std::chrono::seconds(10)); }));
    comparison.add(greenlet_there_and_back());
    comparison.add(generator_step());
    comparison.add(reading_of_clock("clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC));
    comparison.add(reading_of_clock("clock_gettime(CLOCK_MONOTONIC_COARSE)", CLOCK_MONOTONIC_COARSE));
    return comparison.run();
}

// SPDX-License-Identifier: BSL-1.0
// What the small operations of the runtime cost, in units of J (see reference/jump_ping_pong.h).
//
//     build/tests/bench/switch-bench [--core N] [--json] ...       options: see harness.h
#include <ctime>

#include "harness.h"
#include "reference/jump_ping_pong.h"

namespace {

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
    comparison.add(reading_of_clock("clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC));
    comparison.add(reading_of_clock("clock_gettime(CLOCK_MONOTONIC_COARSE)", CLOCK_MONOTONIC_COARSE));
    return comparison.run();
}

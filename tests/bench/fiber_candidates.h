// SPDX-License-Identifier: BSL-1.0
// What fibers do that more than one bench measures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <green/green.h>

#include "harness.h"

namespace bench {

// Fibers that yield to each other in a circle. All run the same loop; the first one, when everybody has
// started, takes the time from one of its turns to another, so that no spawn and no join is in it.
inline candidate yield_among_fibers(std::size_t fibers, double limit = 0) {
    auto measure = [fibers](std::uint64_t operations) {
        nanoseconds spent{0};
        std::uint64_t laps = operations / fibers;
        std::vector<green::fiber<void>> circle;
        for (std::size_t i = 0; i < fibers; ++i) {
            circle.push_back(green::spawn([&spent, laps, leads = i == 0] {
                green::yield();
                nanoseconds mine = timed([laps] {
                    for (std::uint64_t lap = 0; lap < laps; ++lap) green::yield();
                });
                if (leads) spent = mine;
            }));
        }
        for (auto& one : circle) one.join();
        return spent;
    };
    return {"yield among " + std::to_string(fibers) + " fibers", measure, limit, fibers};
}

inline candidate spawn_and_join_fibers(double limit = 0) {
    auto measure = [](std::uint64_t operations) {
        return timed([operations] {
            for (std::uint64_t i = 0; i < operations; ++i) green::spawn([] {}).join();
        });
    };
    return {"spawn + join of an empty fiber", measure, limit};
}

}  // namespace bench

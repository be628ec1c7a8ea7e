// SPDX-License-Identifier: BSL-1.0
// Looking up names on green's fibers, by whatever `look_up()` is.
#pragma once

#include <green/green.h>

#include <vector>

#include "names.h"
#include "peer.h"

namespace peer {

template <class LookUp>
auto on_fibers(LookUp look_up) {
    return rate([look_up](std::size_t size, std::uint64_t n) {
        const std::uint64_t count = names_each(size, n);
        const auto spent = timed([&] {
            std::vector<green::fiber<void>> all;
            for (std::size_t i = 0; i < size; ++i)
                all.push_back(green::spawn([count, look_up] {
                    for (std::uint64_t k = 0; k < count; ++k) look_up();
                }));
            for (auto& one : all) one.get();
        });
        return repeated{spent, size * count};
    });
}

}  // namespace peer

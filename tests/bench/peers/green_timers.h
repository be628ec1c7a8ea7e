// SPDX-License-Identifier: BSL-1.0
// The timers of green's hub, which both models have in common: a function called later, and cancelled by its handle.
#pragma once

#include <green/green.h>

#include <vector>

#include "peer.h"

namespace green_timers {

inline peer::repeated cancelled(std::size_t size, std::uint64_t n) {
    green::hub& hub = green::hub::current();
    std::vector<green::timer_handle> others;
    for (std::size_t i = 0; i < size; ++i) others.push_back(hub.call_after(peer::far_away(i), [] {}));
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) hub.call_after(peer::far_away(i), [] {}).cancel();
    });
    for (auto& one : others) one.cancel();
    return {spent, n};
}

inline peer::repeated expired(std::size_t, std::uint64_t n) {
    green::hub& hub = green::hub::current();
    return {peer::cpu_timed([&] {
                std::uint64_t expired = 0;
                for (std::uint64_t i = 0; i < n; ++i) hub.call_after(peer::soon(i), [&] { ++expired; });
                while (expired < n) green::sleep(std::chrono::milliseconds(1));
            }),
            n};
}

}  // namespace green_timers

// SPDX-License-Identifier: BSL-1.0
// What all hubs share about descriptor numbers: which generation a number is in, and which hubs know it.
#pragma once

#include <atomic>
#include <cstdint>

namespace green::detail {

class loop;

// Numbers are reused at once by the kernel. Closing one changes its generation, and whatever a hub remembers of an
// older one is stale. A hub that has registered a number is noted, so that closing it on one thread wakes the
// waiters on another.
struct shared_fd {
    std::atomic<std::uint32_t>& generation;
    std::atomic<std::uint64_t>& hubs;  // bit i: the hub with index i; bit 63: any hub from index 63 on
};

// In the generation of a number while a thread is closing it: whether it is still open nobody but the kernel can tell.
inline constexpr std::uint32_t being_closed = 1;

// The entry for `fd`, made when it is new; never freed. Throws std::bad_alloc. Any thread.
shared_fd shared_state_of(int fd);

// Whether it may have an entry: false for numbers that no hub has ever used. Async-signal-safe.
bool may_be_known(int fd) noexcept;

// Gives a loop its index, for the lifetime of the process.
unsigned enlist(loop& l);
// How many loops there have ever been: those of ended threads are kept for the next ones.
unsigned enlisted_count() noexcept;
// The first of all loops, by enlisted_before; async-signal-safe.
loop* newest_enlisted() noexcept;
// Calls visit(loop) for every loop whose bit is set in `hubs`.
void for_each_loop(std::uint64_t hubs, void (*visit)(loop&, int fd), int fd);

// Around a fork: nobody is in the middle of changing the list of loops, so that the child finds it whole.
void lock_loops() noexcept;
void unlock_loops() noexcept;

inline std::uint64_t bit_of(unsigned loop_index) noexcept {
    return std::uint64_t{1} << (loop_index < 63 ? loop_index : 63);
}

}  // namespace green::detail

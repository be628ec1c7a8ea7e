// SPDX-License-Identifier: BSL-1.0
// The lock inside every synchronisation primitive: held for a few instructions, never across a park.
#pragma once

#include <green/base/single_threaded.h>

#include <atomic>

namespace green::detail {

// Guards the state that fibers of different threads share. One locked instruction to take, a plain store to
// release; nothing at all while the process has a single thread, because the holder never parks. Rejected: std::mutex
// (40 bytes, a call each way); a lock-free queue per primitive (exact FIFO wakes with timeouts are far harder to get
// right). Meets BasicLockable.
class spin_lock {
  public:
    void lock() noexcept {
        if (single_threaded() || !taken_.exchange(true, std::memory_order_acquire)) [[likely]] return;
        lock_slowly();
    }
    void unlock() noexcept { taken_.store(false, std::memory_order_release); }

  private:
    void lock_slowly() noexcept;

    std::atomic<bool> taken_{false};
};

}  // namespace green::detail

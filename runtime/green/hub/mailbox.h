// SPDX-License-Identifier: BSL-1.0
// How other threads make something run on a hub: a lock-free push, and one eventfd write while the hub sleeps.
#pragma once

#include <green/base/unique_fd.h>
#include <green/hub/runnable.h>

#include <atomic>

namespace green::detail {

// Many threads post, the hub's own thread takes.
//
// Sleeping is the classic flag protocol: the hub announces that it is about to sleep and then looks at the box
// again; a poster fills the box and then looks at the flag. Both orders are sequentially consistent, so at least
// one of the two sees the other.
class mailbox {
  public:
    // Throws std::system_error when there is no descriptor left.
    mailbox();

    // Any thread. Posts run in the order in which they were posted by one thread.
    void post(runnable& item) noexcept;

    bool empty() const noexcept { return !newest_.load(std::memory_order_relaxed); }
    // Moves all that was posted to the end of `queue`. Hub thread.
    void take_all(runnable_queue& queue) noexcept;

    // Hub thread, around a blocking poll. False when something was posted meanwhile: do not block.
    bool prepare_to_sleep() noexcept;
    void woke() noexcept { asleep_.store(false, std::memory_order_relaxed); }

    // Becomes readable when a sleeping hub is posted to. Registered edge-triggered, so nobody ever reads it.
    int wake_fd() const noexcept { return wake_fd_.get(); }
    // In the child of a fork: a descriptor of its own, and nothing in the box.
    void reset_after_fork();

  private:
    std::atomic<runnable*> newest_{nullptr};
    std::atomic<bool> asleep_{false};
    unique_fd wake_fd_;
};

}  // namespace green::detail

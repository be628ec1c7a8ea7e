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
//
//     open ----- the hub's thread ends ----> closed ----- another thread takes the hub over ----> open
//
// A closed box takes nothing: what nobody would ever run is the poster's to deal with.
class mailbox {
  public:
    // Throws std::system_error when there is no descriptor left.
    mailbox();

    // Any thread. Posts run in the order in which they were posted by one thread. False when the box is closed; then
    // all is seen that its thread did before it closed it.
    [[nodiscard]] bool post(runnable& item) noexcept;

    bool empty() const noexcept {
        const runnable* newest = newest_.load(std::memory_order_relaxed);
        return !newest || newest == &closed_;
    }
    // Moves all that was posted to the end of `queue`. Hub thread.
    void take_all(runnable_queue& queue) noexcept;

    // Hub thread. Closes the box unless something is in it; true when it is closed now.
    bool close_if_empty() noexcept;
    // Hub thread. Closes the box and moves what was in it to the end of `queue`.
    void close(runnable_queue& queue) noexcept;
    // The thread that takes over the hub of one that has ended.
    void open() noexcept { newest_.store(nullptr, std::memory_order_relaxed); }

    // Hub thread, around a blocking poll. False when something was posted meanwhile: do not block.
    bool prepare_to_sleep() noexcept;
    void woke() noexcept { asleep_.store(false, std::memory_order_relaxed); }

    // Any thread: whether the hub blocks in its poll, or is about to.
    bool asleep() const noexcept { return asleep_.load(std::memory_order_relaxed); }

    // Becomes readable when a sleeping hub is posted to. Registered edge-triggered, so nobody ever reads it.
    int wake_fd() const noexcept { return wake_fd_.get(); }
    // In the child of a fork: a descriptor of its own, and nothing in the box.
    void reset_after_fork();
    // In the child of a fork, when the hub's thread is not there: closed, and nothing in it.
    void close_after_fork() noexcept { newest_.store(&closed_, std::memory_order_relaxed); }

  private:
    static void append(runnable* newest_first, runnable_queue& queue) noexcept;

    static runnable closed_;  // stands for the state, and is never run

    std::atomic<runnable*> newest_{nullptr};
    std::atomic<bool> asleep_{false};
    unique_fd wake_fd_;
};

}  // namespace green::detail

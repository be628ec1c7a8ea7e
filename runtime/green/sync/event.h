// SPDX-License-Identifier: BSL-1.0
// A flag that fibers wait for.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/fiber/park.h>

#include <atomic>

namespace green {

// A flag that is raised and lowered; whoever waits goes on once it is up.
//
//     green::event started;
//     green::spawn([&] { started.wait(); work(); });
//     started.set();                                   // from any fiber, any thread, with or without a hub
//
// It must outlive every wait and every set(). A cancelled or timed-out wait leaves nothing behind.
class event {
  public:
    event() = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    // Raises the flag and wakes all who wait now, even when clear() follows at once. Does not park.
    void set() noexcept;
    // Lowers the flag. Does not park.
    void clear() noexcept;
    bool is_set() const noexcept { return is_set_.load(std::memory_order_acquire); }

    // Parks until the flag is up; does not wait when it is. Throws cancellation.
    void wait();
    // The same; false when `d` or `deadline` passed first.
    bool wait_for(duration d);
    bool wait_until(time_point deadline);

    // For the rooms of the runtime.
    struct wait_operation {
        bool enqueue(detail::wait_node& node) noexcept;
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {.call = "event::wait"}; }
        event& target;
    };
    friend wait_operation ready_operation(event& e) noexcept { return {e}; }

  private:
    detail::spin_lock lock_;
    std::atomic<bool> is_set_{false};  // written under lock_
    detail::wait_queue waiters_;       // empty while set
};

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// A count that fibers wait for to reach zero, once.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>

#include <cstddef>

namespace green {

// As std::latch.
//
//     green::latch done(workers.size());
//     for (auto& w : workers) green::spawn([&] { w.run(); done.count_down(); });
//     done.wait();
//
// count_down() and try_wait() never park and need no hub. It must outlive every wait and count_down().
class latch {
  public:
    // Throws std::system_error (invalid_argument) for a negative count.
    explicit latch(std::ptrdiff_t count);
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;

    // At zero wakes all who wait. Throws std::system_error (invalid_argument) when `n` is negative or more than is
    // left; then nothing has changed.
    void count_down(std::ptrdiff_t n = 1);
    // Whether the count is zero.
    bool try_wait() const noexcept;
    // Parks until it is. Throws cancellation.
    void wait() { detail::wait_for(wait_operation{*this, 0}); }
    // The same; false when `d` passed first.
    bool wait_for(duration d);
    // Both at once: one that is cancelled has not counted, unless with it all have.
    void arrive_and_wait(std::ptrdiff_t n = 1);

    // For the rooms of the runtime.
    struct wait_operation {
        bool enqueue(detail::wait_node& node);
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {.call = "latch::wait"}; }
        latch& target;
        std::ptrdiff_t counted;  // by this operation
    };
    friend wait_operation ready_operation(latch& l) noexcept { return {l, 0}; }

  private:
    using chosen_list = detail::intrusive_list<detail::wait_node>;
    void take(std::ptrdiff_t n, chosen_list& chosen);

    mutable detail::spin_lock lock_;
    std::ptrdiff_t count_;
    detail::wait_queue waiters_;
};

// The same as co_await; waiting alone is coro::wait(latch) (sync/wait.h).
namespace coro {
inline auto arrive_and_wait(latch& l, std::ptrdiff_t n = 1) {
    return detail::plain_awaiter<latch::wait_operation>({l, n});
}
}  // namespace coro

}  // namespace green

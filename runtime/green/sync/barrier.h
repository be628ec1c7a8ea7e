// SPDX-License-Identifier: BSL-1.0
// A point that a number of fibers pass together, again and again.
#pragma once

#include <green/base/callback.h>
#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>

#include <cstddef>
#include <cstdint>

namespace green {

// As std::barrier: a phase is over when `count` fibers have arrived; then the completion function is called, on the
// fiber that arrived last, all go on, and the next phase begins.
//
//     green::barrier steps(workers.size(), [&] { swap(now, next); });
//     for (auto& w : workers) green::spawn([&] { while (w.step()) steps.arrive_and_wait(); });
//
// It must outlive its users.
class barrier {
  public:
    // The phase in which arrive() was called.
    using arrival_token = std::uint64_t;

    // Throws std::system_error (invalid_argument) unless `count` is positive.
    explicit barrier(std::ptrdiff_t count, callback completion = {});
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;

    // Arrives and parks until the phase is over. One that is cancelled has not arrived, unless all others have.
    // Throws cancellation, what the completion function throws (the phase is over all the same), and
    // std::system_error (operation_not_permitted) when more arrive than the phase expects.
    void arrive_and_wait();
    // Arrives; does not park, unless the completion function does. Throws as arrive_and_wait().
    [[nodiscard]] arrival_token arrive(std::ptrdiff_t n = 1);
    // Parks until the phase of the token is over. Throws cancellation.
    void wait(arrival_token phase);
    // Arrives, and counts no more in later phases. Does not park. Throws as arrive().
    void arrive_and_drop();

    // For the rooms of the runtime. Whoever performs it and finds that it was the last calls complete_phase().
    struct arrive_operation {
        bool enqueue(detail::wait_node& node);
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {.call = "barrier::arrive_and_wait"}; }
        barrier& target;
        bool last = false;
        arrival_token phase = 0;  // in which it arrived
    };
    struct wait_operation {
        bool enqueue(detail::wait_node& node) noexcept;
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {.call = "barrier::wait"}; }
        barrier& target;
        arrival_token phase;
    };
    void complete_phase();

  private:
    bool take(std::ptrdiff_t n);  // under the lock; true when nobody is left to arrive
    void begin_next_phase() noexcept;

    detail::spin_lock lock_;
    std::ptrdiff_t expected_;
    std::ptrdiff_t remaining_;  // zero while the completion function runs
    std::uint64_t phase_ = 0;
    callback completion_;
    detail::wait_queue waiters_;
};

// The same as co_await.
namespace coro {
class [[nodiscard]] barrier_awaiter : public detail::operation_awaiter<barrier::arrive_operation> {
  public:
    using operation_awaiter::operation_awaiter;
    void await_resume() {
        operation_awaiter::await_resume();
        if (op_.last) op_.target.complete_phase();
    }
};
inline auto arrive_and_wait(barrier& b) {
    return barrier_awaiter({b});
}
inline auto wait(barrier& b, barrier::arrival_token phase) {
    return detail::plain_awaiter<barrier::wait_operation>({b, phase});
}
}  // namespace coro

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Permits that fibers take and give back.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>

#include <cstddef>
#include <limits>
#include <mutex>

namespace green {

// A number of permits. acquire() takes one and parks while there is none; release() gives one to the fiber that has
// waited longest, else puts it back. Nobody who comes later gets in between.
//
//     green::semaphore slots(8);
//     slots.acquire();
//     fetch(url);                  // at most eight at a time
//     slots.release();
//
// release() and try_acquire() never park and may be called by threads without a hub. A cancelled or timed-out
// acquire() holds no permit. Meets the requirements of std::counting_semaphore's members of the same names.
class semaphore {
  public:
    // Throws std::system_error (invalid_argument) for a negative number.
    explicit semaphore(std::ptrdiff_t permits) : semaphore(permits, std::numeric_limits<std::ptrdiff_t>::max()) {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    // Takes a permit, parking until there is one. Throws cancellation.
    [[gnu::always_inline]] void acquire() { detail::wait_for(acquire_operation{*this}); }
    // The same; false when `d` or `deadline` passed first.
    bool try_acquire_for(duration d);
    bool try_acquire_until(time_point deadline);
    // Takes a permit if there is one. Does not park.
    bool try_acquire() noexcept;

    // Gives back one permit, or several. Does not park. Throws std::system_error: value_too_large when there would be
    // more than the semaphore may have, as sem_post(3) does; invalid_argument for a negative `count`. Then nothing has
    // changed.
    void release();
    void release(std::ptrdiff_t count);

    // Parks until there is a permit, taking none. Throws cancellation.
    void wait() { detail::wait_for(available_operation{*this}); }

    // How many permits could be taken now.
    std::ptrdiff_t available() const noexcept;

    // For the rooms of the runtime.
    struct acquire_operation {
        bool enqueue(detail::wait_node& node) noexcept {
            std::lock_guard guard(target.lock_);
            if (target.permits_ == 0) {
                target.waiters_.push_back(node);
                return false;
            }
            if (!node.owner->claim(node)) return false;
            --target.permits_;
            return true;
        }
        void withdraw(detail::wait_node& node) noexcept {
            std::lock_guard guard(target.lock_);
            detail::wait_queue::remove(node);
        }
        detail::wait_reason reason() const noexcept { return {.call = "semaphore::acquire"}; }
        static constexpr bool has_try_form = true;
        semaphore& target;
    };
    struct available_operation {
        bool enqueue(detail::wait_node& node) noexcept;
        void withdraw(detail::wait_node& node) noexcept { acquire_operation{target}.withdraw(node); }
        detail::wait_reason reason() const noexcept { return {.call = "semaphore::wait"}; }
        semaphore& target;
    };
    friend available_operation ready_operation(semaphore& s) noexcept { return {s}; }

  protected:
    semaphore(std::ptrdiff_t permits, std::ptrdiff_t most) : permits_(permits), most_(most) {
        if (permits < 0) [[unlikely]] throw_negative();
    }

  private:
    [[noreturn]] static void throw_too_many();
    [[noreturn]] static void throw_negative();

    mutable detail::spin_lock lock_;
    std::ptrdiff_t permits_;           // 0 while `waiters_` holds anybody who still waits
    const std::ptrdiff_t most_;
    detail::wait_queue waiters_;       // for a permit
    detail::wait_queue onlookers_;     // who want to know that there is one
};

// A semaphore that never has more permits than it began with: one release() too many is an error.
class bounded_semaphore : public semaphore {
  public:
    explicit bounded_semaphore(std::ptrdiff_t permits) : semaphore(permits, permits) {}
};

inline void semaphore::release() {
    detail::wait_node* next;
    {
        std::lock_guard guard(lock_);
        if (permits_ == most_) [[unlikely]] throw_too_many();
        next = waiters_.choose_first();
        if (!next && onlookers_.empty()) {
            ++permits_;
            return;
        }
    }
    // Whoever takes a permit that is there may destroy the semaphore, so it is not there before it is done with.
    if (next) [[likely]]
        next->owner->wake();
    else
        release(1);  // tells the onlookers
}

// The same as co_await.
namespace coro {
inline auto acquire(semaphore& s) {
    return detail::plain_awaiter<semaphore::acquire_operation>({s});
}
inline auto try_acquire_until(semaphore& s, time_point deadline) {
    return detail::until_awaiter<semaphore::acquire_operation>({s}, deadline);
}
inline auto try_acquire_for(semaphore& s, duration d) {
    return try_acquire_until(s, hub::current().deadline_after(d));
}
}  // namespace coro

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Waiting for a condition on what a lock guards.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/coro/task.h>
#include <green/fiber/park.h>
#include <green/hub/hub.h>
#include <green/hub/uninterrupted.h>
#include <green/sync/mutex.h>

#include <condition_variable>
#include <exception>
#include <utility>

namespace green {

// As std::condition_variable_any: works with every BasicLockable, such as std::unique_lock<green::mutex>.
//
//     std::unique_lock lock(m);
//     changed.wait(lock, [&] { return !jobs.empty(); });
//
// A wait that ends, be it by a timeout, a cancellation or the end of the thread, has the lock again; getting it back is
// waited for without being cancelled. Fibers are woken in the order in which they came, and not without a notification.
// The lock's unlock() must not park. Works between threads; notifying needs no hub.
class condition_variable {
  public:
    condition_variable() = default;
    condition_variable(const condition_variable&) = delete;
    condition_variable& operator=(const condition_variable&) = delete;

    // Wakes the fiber that has waited longest, or all who wait. Do not park.
    void notify_one() noexcept;
    void notify_all() noexcept;

    // Unlocks, parks until notified, locks again. Throws cancellation, and what the lock throws.
    template <class Lock>
    void wait(Lock& lock) {
        wait_until(lock, never);
    }
    // The same until pred().
    template <class Lock, class Predicate>
    void wait(Lock& lock, Predicate pred) {
        while (!pred()) wait(lock);
    }
    // The same; timeout when `deadline` or `d` passed first.
    template <class Lock>
    std::cv_status wait_until(Lock& lock, time_point deadline);
    template <class Lock>
    std::cv_status wait_for(Lock& lock, duration d) {
        return wait_until(lock, hub::current().deadline_after(d));
    }
    // The same until pred(); what pred() says in the end.
    template <class Lock, class Predicate>
    bool wait_until(Lock& lock, time_point deadline, Predicate pred) {
        while (!pred())
            if (wait_until(lock, deadline) == std::cv_status::timeout) return pred();
        return true;
    }
    template <class Lock, class Predicate>
    bool wait_for(Lock& lock, duration d, Predicate pred) {
        return wait_until(lock, hub::current().deadline_after(d), std::move(pred));
    }

    // For the rooms of the runtime. The lock is given up once the node is in the queue, so that no notification
    // made under the lock is missed. Whoever performs it looks at unlock_error and then locks again.
    template <class Lock>
    struct wait_operation {
        bool enqueue(detail::wait_node& node) noexcept;
        void withdraw(detail::wait_node& node) noexcept { target.remove(node); }
        detail::wait_reason reason() const noexcept { return {.call = "condition_variable::wait"}; }
        condition_variable& target;
        Lock& lock;
        bool unlocked = false;
        bool notified_meanwhile = false;  // valid with an unlock_error
        std::exception_ptr unlock_error{};
    };

  private:
    void add(detail::wait_node& node) noexcept;
    void remove(detail::wait_node& node) noexcept;

    detail::spin_lock lock_;
    detail::wait_queue waiters_;
};

template <class Lock>
bool condition_variable::wait_operation<Lock>::enqueue(detail::wait_node& node) noexcept {
    target.add(node);
    try {
        lock.unlock();
        unlocked = true;
        return false;
    } catch (...) {  // it was not held, say
        unlock_error = std::current_exception();
    }
    notified_meanwhile = !node.owner->settle(detail::outcome::ready);
    if (notified_meanwhile) return false;  // the wake is under way and must arrive
    target.remove(node);
    return true;
}

template <class Lock>
std::cv_status condition_variable::wait_until(Lock& lock, time_point deadline) {
    wait_operation<Lock> op{*this, lock};
    auto relock = [&] {
        if (!op.unlocked) return;
        const detail::uninterrupted until_then;
        lock.lock();
    };
    detail::outcome result;
    try {
        result = detail::wait_for(op, deadline);
    } catch (...) {
        relock();
        throw;
    }
    relock();
    if (op.unlock_error) {
        if (op.notified_meanwhile) notify_one();
        std::rethrow_exception(op.unlock_error);
    }
    return result == detail::outcome::timed_out ? std::cv_status::timeout : std::cv_status::no_timeout;
}

// The same as co_await, for locks of green::mutex. Cancelled or not, the lock is held again afterwards.
namespace coro {
inline task<std::cv_status> wait_until(condition_variable& cv, std::unique_lock<mutex>& lock, time_point deadline) {
    condition_variable::wait_operation<std::unique_lock<mutex>> op{cv, lock};
    detail::outcome result{};
    std::exception_ptr interruption;
    try {
        result = co_await detail::perform(op, deadline);
    } catch (...) {
        interruption = std::current_exception();
    }
    if (op.unlocked) {
        const detail::uninterrupted until_then;
        mutex& relocked = *lock.mutex();
        co_await coro::lock(relocked);
        lock = std::unique_lock(relocked, std::adopt_lock);
    }
    if (interruption) std::rethrow_exception(interruption);
    if (op.unlock_error) {
        if (op.notified_meanwhile) cv.notify_one();
        std::rethrow_exception(op.unlock_error);
    }
    co_return result == detail::outcome::timed_out ? std::cv_status::timeout : std::cv_status::no_timeout;
}
template <class Predicate>
task<bool> wait_until(condition_variable& cv, std::unique_lock<mutex>& lock, time_point deadline, Predicate pred) {
    while (!pred()) {
        const std::cv_status status = co_await wait_until(cv, lock, deadline);
        if (status == std::cv_status::timeout) co_return pred();
    }
    co_return true;
}
inline auto wait_for(condition_variable& cv, std::unique_lock<mutex>& lock, duration d) {
    return wait_until(cv, lock, hub::current().deadline_after(d));
}
template <class Predicate>
auto wait_for(condition_variable& cv, std::unique_lock<mutex>& lock, duration d, Predicate pred) {
    return wait_until(cv, lock, hub::current().deadline_after(d), std::move(pred));
}
inline task<void> wait(condition_variable& cv, std::unique_lock<mutex>& lock) {
    co_await wait_until(cv, lock, never);
}
template <class Predicate>
task<void> wait(condition_variable& cv, std::unique_lock<mutex>& lock, Predicate pred) {
    co_await wait_until(cv, lock, never, std::move(pred));
}
}  // namespace coro

}  // namespace green

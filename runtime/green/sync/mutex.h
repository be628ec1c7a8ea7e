// SPDX-License-Identifier: BSL-1.0
// Mutual exclusion between fibers.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>
#include <green/hub/hub.h>

#include <atomic>
#include <mutex>
#include <string>
#include <system_error>

namespace green {

namespace detail {
// What the mutexes have in common. The running fiber, without creating one; null on a thread that has none.
void append_owner(std::string& out, const agent* owner);
[[noreturn]] void throw_lock_error(std::errc code, const char* call, const char* why);
[[noreturn]] void throw_abandoned(const char* call);
}  // namespace detail

// A fair lock: unlock() hands it to the fiber that has waited longest. It belongs to the fiber that locked it, of
// whatever thread; a thread's own stack counts as a fiber. Meets TimedLockable.
//
//     green::mutex m;
//     {
//         std::lock_guard guard(m);        // parks this fiber, not its thread
//         balance += amount;
//     }
//
// When a fiber ends, or a thread with its main fiber, while it holds the lock, what the lock guards may be half
// changed: the lock is abandoned for good, and present and later lockers get std::system_error (owner_dead). In the
// manner of robust mutexes (pthread_mutexattr_setrobust(3)).
//
// Every member but unlock() may create the thread's hub, because only a fiber can own the lock.
class mutex : private detail::held_lock {
  public:
    mutex() = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex();

    // Parks until the lock is had. Throws std::system_error: resource_deadlock_would_occur when this fiber has it,
    // owner_dead when it was abandoned; and cancellation, even when the lock is free. Then it is not had.
    [[gnu::always_inline]] void lock() { lock_until(never, "mutex::lock"); }
    // The same; false when `d` or `deadline` passed first.
    bool try_lock_for(duration d);
    bool try_lock_until(time_point deadline);
    // Does not park; false when somebody has the lock. Throws std::system_error (owner_dead).
    bool try_lock();
    // Hands the lock to the next fiber. Does not park. Throws std::system_error (operation_not_permitted) when
    // this fiber does not have it; then nothing has changed.
    void unlock();

    // Whether the running fiber has the lock. Does not park.
    bool held_by_this_fiber() const noexcept;

    // For the rooms of the runtime. Whoever performs it calls take_over() afterwards.
    struct lock_operation {
        bool enqueue(detail::wait_node& node);
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {call, &target, &mutex::describe}; }
        mutex& target;
        detail::agent& self;
        const char* call = "mutex::lock";
    };
    // The new owner notes that it holds the lock; only it can touch its own list.
    void take_over(const lock_operation& had);
    // The same as above for a lock that is made of this one; `call` is its own member, for messages.
    [[gnu::always_inline]] bool lock_until(time_point deadline, const char* call) {
        lock_operation op{*this, detail::running_agent(), call};
        if (detail::wait_for(op, deadline) != detail::outcome::ready) return false;
        take_over(op);
        return true;
    }
    bool try_lock(const char* call);
    void unlock(const char* call);

  private:
    void owner_ended() noexcept override;
    static void describe(std::string& out, const void* object);
    mutable detail::spin_lock lock_;
    bool abandoned_ = false;
    std::atomic<detail::agent*> owner_{nullptr};  // written under lock_; alive as long as it stands here
    detail::wait_queue waiters_;                    // slot: the control block of the fiber that will own the lock
};

// The same as co_await. A task owns what it locks, as a fiber does; unlocking is the same call.
namespace coro {
class [[nodiscard]] lock_awaiter : public detail::operation_awaiter<mutex::lock_operation> {
  public:
    using operation_awaiter::operation_awaiter;
    bool await_resume() {
        if (operation_awaiter::await_resume() != detail::outcome::ready) return false;
        op_.target.take_over(op_);
        return true;
    }
};
// A lock that unlocks at the end of its block: `auto guard = co_await green::coro::scoped_lock(m);`
class [[nodiscard]] scoped_lock_awaiter : public lock_awaiter {
  public:
    using lock_awaiter::lock_awaiter;
    std::unique_lock<mutex> await_resume() {
        lock_awaiter::await_resume();
        return {op_.target, std::adopt_lock};
    }
};

inline auto lock(mutex& m) {
    return lock_awaiter({m, detail::running_agent()});
}
inline auto scoped_lock(mutex& m) {
    return scoped_lock_awaiter({m, detail::running_agent()});
}
inline auto try_lock_until(mutex& m, time_point deadline) {
    return lock_awaiter({m, detail::running_agent(), "mutex::try_lock_until"}, deadline);
}
inline auto try_lock_for(mutex& m, duration d) {
    return try_lock_until(m, hub::current().deadline_after(d));
}
}  // namespace coro

}  // namespace green

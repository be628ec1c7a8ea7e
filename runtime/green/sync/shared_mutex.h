// SPDX-License-Identifier: BSL-1.0
// A lock for many readers or one writer.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>
#include <green/hub/hub.h>

#include <atomic>
#include <cstddef>
#include <string>

namespace green {

// Any number of fibers may share it, or one may have it alone. All who wait are served in the order in which they
// came, readers that follow each other together: neither readers nor writers starve.
//
//     green::shared_mutex m;
//     { std::shared_lock reading(m); look_at(table); }
//     { std::unique_lock writing(m); change(table); }
//
// The writer owns it as a green::mutex is owned, and ends it as one when it ends without unlocking. Readers are only
// counted: who they are is not known, so a reader that locks again while a writer waits waits for itself, and one
// that ends without unlocking shuts writers out. Meets TimedLockable and SharedTimedLockable.
class shared_mutex : private detail::held_lock {
  public:
    shared_mutex() = default;
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;
    ~shared_mutex();

    // Alone. As the members of green::mutex of the same names.
    void lock();
    bool try_lock();
    bool try_lock_for(duration d);
    bool try_lock_until(time_point deadline);
    void unlock();

    // Together with other readers. Parks while a writer has it, or waits for it. Throws as lock().
    void lock_shared();
    bool try_lock_shared();
    bool try_lock_shared_for(duration d);
    bool try_lock_shared_until(time_point deadline);
    // Does not park. Throws std::system_error (operation_not_permitted) when there is no reader.
    void unlock_shared();

    // For the rooms of the runtime.
    struct lock_operation {
        bool enqueue(detail::wait_node& node);
        void withdraw(detail::wait_node& node) noexcept;
        detail::wait_reason reason() const noexcept { return {call, &target, &shared_mutex::describe}; }
        shared_mutex& target;
        detail::agent& self;
        bool shared;
        const char* call;
    };
    // What whoever performed it does afterwards. Throws when the lock was abandoned meanwhile.
    void take_over(const lock_operation& had);

  private:
    using chosen_list = detail::intrusive_list<detail::wait_node>;

    bool lock_until(time_point deadline, bool shared, const char* call);
    bool try_enter(bool shared, const char* call);
    bool has_room(bool shared) const noexcept;
    void admit(detail::agent* writer) noexcept;  // null: a reader
    void admit_waiters(chosen_list& chosen) noexcept;
    void owner_ended() noexcept override;
    static void describe(std::string& out, const void* object);

    mutable detail::spin_lock lock_;
    bool abandoned_ = false;
    std::atomic<detail::agent*> writer_{nullptr};  // written under lock_; alive as long as it stands here
    std::size_t reader_count_ = 0;
    detail::wait_queue waiters_;                     // slot: the writer's control block; null for a reader
};

// The same as co_await.
namespace coro {
class [[nodiscard]] shared_lock_awaiter : public detail::operation_awaiter<shared_mutex::lock_operation> {
  public:
    using operation_awaiter::operation_awaiter;
    bool await_resume() {
        if (operation_awaiter::await_resume() != detail::outcome::ready) return false;
        op_.target.take_over(op_);
        return true;
    }
};

inline auto lock(shared_mutex& m) {
    return shared_lock_awaiter({m, detail::running_agent(), false, "shared_mutex::lock"});
}
inline auto try_lock_until(shared_mutex& m, time_point deadline) {
    return shared_lock_awaiter({m, detail::running_agent(), false, "shared_mutex::try_lock_until"}, deadline);
}
inline auto try_lock_for(shared_mutex& m, duration d) {
    return try_lock_until(m, hub::current().deadline_after(d));
}
inline auto lock_shared(shared_mutex& m) {
    return shared_lock_awaiter({m, detail::running_agent(), true, "shared_mutex::lock_shared"});
}
inline auto try_lock_shared_until(shared_mutex& m, time_point deadline) {
    return shared_lock_awaiter({m, detail::running_agent(), true, "shared_mutex::try_lock_shared_until"}, deadline);
}
inline auto try_lock_shared_for(shared_mutex& m, duration d) {
    return try_lock_shared_until(m, hub::current().deadline_after(d));
}
}  // namespace coro

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// A mutex that its owner may lock again.
#pragma once

#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/hub/hub.h>
#include <green/sync/mutex.h>

#include <cstddef>

namespace green {

// As green::mutex, fair and robust, but its owner may lock it again and must unlock it as often. Locking again never
// waits and is no point of cancellation. Meets TimedLockable.
class recursive_mutex {
  public:
    // Parks until the lock is had. Throws as mutex::lock().
    void lock();
    // The same; false when `d` or `deadline` passed first.
    bool try_lock_for(duration d);
    bool try_lock_until(time_point deadline);
    // Does not park; false when another fiber has the lock. Throws as mutex::try_lock().
    bool try_lock();
    // Gives the lock up when it was unlocked as often as locked. Does not park. Throws std::system_error
    // (operation_not_permitted) when this fiber does not have it.
    void unlock();

    // The same as co_await; spelled coro::lock() and coro::try_lock_until(), below.
    coro::task<void> lock_task();
    coro::task<bool> try_lock_until_task(time_point deadline);

  private:
    bool again() noexcept;

    mutex mutex_;
    std::size_t extra_ = 0;  // how often it was locked beyond the first; the owner's
};

// The same as co_await. A task owns what it locks, as a fiber does; unlocking is the same call.
namespace coro {
inline task<void> lock(recursive_mutex& m) {
    return m.lock_task();
}
inline task<bool> try_lock_until(recursive_mutex& m, time_point deadline) {
    return m.try_lock_until_task(deadline);
}
inline task<bool> try_lock_for(recursive_mutex& m, duration d) {
    return try_lock_until(m, hub::current().deadline_after(d));
}
}  // namespace coro

}  // namespace green

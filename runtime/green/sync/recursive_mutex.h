// SPDX-License-Identifier: BSL-1.0
// A mutex that its owner may lock again.
#pragma once

#include <green/base/time.h>
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

  private:
    bool again() noexcept;

    mutex mutex_;
    std::size_t extra_ = 0;  // how often it was locked beyond the first; the owner's
};

}  // namespace green

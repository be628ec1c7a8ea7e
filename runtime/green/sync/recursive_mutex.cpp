// SPDX-License-Identifier: BSL-1.0
#include <green/sync/recursive_mutex.h>

namespace green {

bool recursive_mutex::again() noexcept {
    if (!mutex_.held_by_this_fiber()) return false;
    ++extra_;
    return true;
}

void recursive_mutex::lock() {
    if (!again()) mutex_.lock();
}

bool recursive_mutex::try_lock() {
    return again() || mutex_.try_lock();
}

bool recursive_mutex::try_lock_for(duration d) {
    return again() || mutex_.try_lock_for(d);
}

bool recursive_mutex::try_lock_until(time_point deadline) {
    return again() || mutex_.try_lock_until(deadline);
}

coro::task<void> recursive_mutex::lock_task() {
    if (!again()) co_await coro::lock(mutex_);
}

coro::task<bool> recursive_mutex::try_lock_until_task(time_point deadline) {
    if (again()) co_return true;
    co_return co_await coro::try_lock_until(mutex_, deadline);
}

void recursive_mutex::unlock() {
    if (mutex_.held_by_this_fiber() && extra_ > 0)
        --extra_;
    else
        mutex_.unlock();
}

}  // namespace green

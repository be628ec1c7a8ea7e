// SPDX-License-Identifier: BSL-1.0
#include <green/sync/recursive_mutex.h>

namespace green {

static constexpr const char* try_lock_until_call = "recursive_mutex::try_lock_until";

bool recursive_mutex::again() noexcept {
    if (!mutex_.held_by_this_fiber()) return false;
    ++extra_;
    return true;
}

void recursive_mutex::lock() {
    if (!again()) mutex_.lock_until(never, "recursive_mutex::lock");
}

bool recursive_mutex::try_lock() {
    return again() || mutex_.try_lock("recursive_mutex::try_lock");
}

bool recursive_mutex::try_lock_for(duration d) {
    return again() || mutex_.lock_until(hub::current().deadline_after(d), try_lock_until_call);
}

bool recursive_mutex::try_lock_until(time_point deadline) {
    return again() || mutex_.lock_until(deadline, try_lock_until_call);
}

coro::task<void> recursive_mutex::lock_task() {
    if (!again()) co_await coro::lock_awaiter({mutex_, detail::running_agent(), "recursive_mutex::lock"});
}

coro::task<bool> recursive_mutex::try_lock_until_task(time_point deadline) {
    if (again()) co_return true;
    co_return co_await coro::lock_awaiter({mutex_, detail::running_agent(), try_lock_until_call}, deadline);
}

void recursive_mutex::unlock() {
    if (mutex_.held_by_this_fiber() && extra_ > 0)
        --extra_;
    else
        mutex_.unlock("recursive_mutex::unlock");
}

}  // namespace green

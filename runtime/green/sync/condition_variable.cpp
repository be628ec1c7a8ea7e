// SPDX-License-Identifier: BSL-1.0
#include <green/sync/condition_variable.h>

#include <mutex>

namespace green {

void condition_variable::add(detail::wait_node& node) noexcept {
    std::lock_guard guard(lock_);
    waiters_.push_back(node);
}

void condition_variable::remove(detail::wait_node& node) noexcept {
    std::lock_guard guard(lock_);
    detail::wait_queue::remove(node);
}

void condition_variable::notify_one() noexcept {
    detail::wait_node* chosen;
    {
        std::lock_guard guard(lock_);
        chosen = waiters_.choose_first();
    }
    if (chosen) chosen->owner->wake();
}

void condition_variable::notify_all() noexcept {
    detail::intrusive_list<detail::wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        waiters_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

}  // namespace green

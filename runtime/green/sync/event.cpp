// SPDX-License-Identifier: BSL-1.0
#include <green/sync/event.h>

#include <mutex>

namespace green {

void event::set() noexcept {
    detail::intrusive_list<detail::wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        is_set_.store(true, std::memory_order_release);
        waiters_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

void event::clear() noexcept {
    std::lock_guard guard(lock_);
    is_set_.store(false, std::memory_order_release);
}

bool event::wait_operation::enqueue(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    if (target.is_set()) return node.owner->claim(node);
    target.waiters_.push_back(node);
    return false;
}

void event::wait_operation::withdraw(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    detail::wait_queue::remove(node);
}

void event::wait() {
    detail::wait_for(wait_operation{*this});
}

bool event::wait_for(duration d) {
    return wait_until(hub::current().deadline_after(d));
}

bool event::wait_until(time_point deadline) {
    return detail::wait_for(wait_operation{*this}, deadline) == detail::outcome::ready;
}

}  // namespace green

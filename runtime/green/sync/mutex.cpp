// SPDX-License-Identifier: BSL-1.0
#include <green/sync/mutex.h>

#include <mutex>

namespace green {

namespace detail {

void append_owner(std::string& out, const agent* owner) {
    if (owner) out += "held by \"" + owner->name() + '"';
}

void throw_lock_error(std::errc code, const char* call, const char* why) {
    throw std::system_error(std::make_error_code(code), std::string("green: ") + call + ": " + why);
}

void throw_abandoned(const char* call) {
    throw_lock_error(std::errc::owner_dead, call, "its owner ended without unlocking it");
}

}  // namespace detail

mutex::~mutex() {
    if (linked()) unlink();  // destroyed while locked: at least its owner will not come looking for it
}

bool mutex::try_lock_for(duration d) {
    return try_lock_until(hub::current().deadline_after(d));
}

bool mutex::try_lock_until(time_point deadline) {
    return lock_until(deadline, "mutex::try_lock_until");
}

bool mutex::try_lock() {
    return try_lock("mutex::try_lock");
}

bool mutex::try_lock(const char* call) {
    auto& self = detail::running_agent();
    {
        std::lock_guard guard(lock_);
        if (abandoned_) detail::throw_abandoned(call);
        if (owner_.load(std::memory_order_relaxed)) return false;
        owner_.store(&self, std::memory_order_relaxed);
    }
    self.held_locks.push_back(*this);
    return true;
}

void mutex::unlock() {
    unlock("mutex::unlock");
}

void mutex::unlock(const char* call) {
    detail::wait_node* next;
    {
        std::lock_guard guard(lock_);
        if (!held_by_this_fiber())
            detail::throw_lock_error(std::errc::operation_not_permitted, call, "the caller does not hold it");
        unlink();
        next = waiters_.choose_first();
        owner_.store(next ? static_cast<detail::agent*>(next->slot) : nullptr, std::memory_order_relaxed);
    }
    if (next) next->owner->wake();
}

bool mutex::held_by_this_fiber() const noexcept {
    detail::agent* self = detail::current_agent;
    return self && owner_.load(std::memory_order_relaxed) == self;
}

bool mutex::lock_operation::enqueue(detail::wait_node& node) {
    std::lock_guard guard(target.lock_);
    if (target.abandoned_) detail::throw_abandoned(call);
    const detail::agent* owner = target.owner_.load(std::memory_order_relaxed);
    if (owner == &self)
        detail::throw_lock_error(std::errc::resource_deadlock_would_occur, call, "the caller holds it already");
    if (!owner) {
        if (!node.owner->claim(node)) return false;
        target.owner_.store(&self, std::memory_order_relaxed);
        return true;
    }
    node.slot = &self;
    target.waiters_.push_back(node);
    return false;
}

void mutex::lock_operation::withdraw(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    detail::wait_queue::remove(node);
}

void mutex::take_over(const lock_operation& had) {
    if (owner_.load(std::memory_order_relaxed) != &had.self) detail::throw_abandoned(had.call);
    had.self.held_locks.push_back(*this);
}

void mutex::owner_ended() noexcept {
    detail::intrusive_list<detail::wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        abandoned_ = true;
        owner_.store(nullptr, std::memory_order_relaxed);
        waiters_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

void mutex::describe(std::string& out, const void* object) {
    const auto& self = *static_cast<const mutex*>(object);
    std::lock_guard guard(self.lock_);
    detail::append_owner(out, self.owner_.load(std::memory_order_relaxed));
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/shared_mutex.h>

#include <green/sync/mutex.h>

#include <mutex>
#include <system_error>

namespace green {

shared_mutex::~shared_mutex() {
    if (linked()) unlink();
}

void shared_mutex::lock() {
    lock_until(never, false, "shared_mutex::lock");
}
bool shared_mutex::try_lock_for(duration d) {
    return try_lock_until(hub::current().deadline_after(d));
}
bool shared_mutex::try_lock_until(time_point deadline) {
    return lock_until(deadline, false, "shared_mutex::try_lock_until");
}
bool shared_mutex::try_lock() {
    return try_enter(false, "shared_mutex::try_lock");
}

void shared_mutex::lock_shared() {
    lock_until(never, true, "shared_mutex::lock_shared");
}
bool shared_mutex::try_lock_shared_for(duration d) {
    return try_lock_shared_until(hub::current().deadline_after(d));
}
bool shared_mutex::try_lock_shared_until(time_point deadline) {
    return lock_until(deadline, true, "shared_mutex::try_lock_shared_until");
}
bool shared_mutex::try_lock_shared() {
    return try_enter(true, "shared_mutex::try_lock_shared");
}

bool shared_mutex::has_room(bool shared) const noexcept {
    return !writer_.load(std::memory_order_relaxed) && (shared || reader_count_ == 0);
}

void shared_mutex::admit(detail::agent* writer) noexcept {
    if (writer)
        writer_.store(writer, std::memory_order_relaxed);
    else
        ++reader_count_;
}

void shared_mutex::admit_waiters(chosen_list& chosen) noexcept {
    while (!waiters_.empty() && has_room(!waiters_.front().slot)) {
        detail::wait_node* next = waiters_.choose_front();
        if (!next) continue;
        admit(static_cast<detail::agent*>(next->slot));
        chosen.push_back(*next);
    }
}

bool shared_mutex::lock_operation::enqueue(detail::wait_node& node) {
    std::lock_guard guard(target.lock_);
    if (target.abandoned_) detail::throw_abandoned(call);
    if (target.writer_.load(std::memory_order_relaxed) == &self)
        detail::throw_lock_error(std::errc::resource_deadlock_would_occur, call, "the caller holds it already");
    node.slot = shared ? nullptr : &self;
    if (!target.waiters_.empty() || !target.has_room(shared)) {
        target.waiters_.push_back(node);
        return false;
    }
    if (!node.owner->claim(node)) return false;
    target.admit(static_cast<detail::agent*>(node.slot));
    return true;
}

// A writer that gives up may have held up readers behind it.
void shared_mutex::lock_operation::withdraw(detail::wait_node& node) noexcept {
    chosen_list chosen;
    {
        std::lock_guard guard(target.lock_);
        detail::wait_queue::remove(node);
        target.admit_waiters(chosen);
    }
    detail::wake_all(chosen);
}

bool shared_mutex::lock_until(time_point deadline, bool shared, const char* call) {
    lock_operation op{*this, detail::running_agent(), shared, call};
    if (detail::wait_for(op, deadline) != detail::outcome::ready) return false;
    take_over(op);
    return true;
}

void shared_mutex::take_over(const lock_operation& had) {
    if (!had.shared && writer_.load(std::memory_order_relaxed) == &had.self) {
        had.self.held_locks.push_back(*this);
        return;
    }
    std::lock_guard guard(lock_);
    if (abandoned_) detail::throw_abandoned(had.call);
}

bool shared_mutex::try_enter(bool shared, const char* call) {
    auto& self = detail::running_agent();
    {
        std::lock_guard guard(lock_);
        if (abandoned_) detail::throw_abandoned(call);
        if (!waiters_.empty() || !has_room(shared)) return false;
        admit(shared ? nullptr : &self);
    }
    if (!shared) self.held_locks.push_back(*this);
    return true;
}

void shared_mutex::unlock() {
    chosen_list chosen;
    {
        std::lock_guard guard(lock_);
        detail::agent* self = detail::current_agent;
        if (!self || writer_.load(std::memory_order_relaxed) != self)
            detail::throw_lock_error(std::errc::operation_not_permitted, "shared_mutex::unlock",
                                     "the caller does not hold it");
        unlink();
        writer_.store(nullptr, std::memory_order_relaxed);
        admit_waiters(chosen);
    }
    detail::wake_all(chosen);
}

void shared_mutex::unlock_shared() {
    chosen_list chosen;
    {
        std::lock_guard guard(lock_);
        if (reader_count_ == 0)
            detail::throw_lock_error(std::errc::operation_not_permitted, "shared_mutex::unlock_shared",
                                     "nobody holds it shared");
        --reader_count_;
        admit_waiters(chosen);
    }
    detail::wake_all(chosen);
}

void shared_mutex::owner_ended() noexcept {
    chosen_list chosen;
    {
        std::lock_guard guard(lock_);
        abandoned_ = true;
        writer_.store(nullptr, std::memory_order_relaxed);
        waiters_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

void shared_mutex::describe(std::string& out, const void* object) {
    const auto& self = *static_cast<const shared_mutex*>(object);
    std::lock_guard guard(self.lock_);
    if (self.reader_count_ > 0)
        out += "held by " + std::to_string(self.reader_count_) + " readers";
    else
        detail::append_owner(out, self.writer_.load(std::memory_order_relaxed));
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/semaphore.h>

#include <system_error>

namespace green {

bool semaphore::try_acquire() noexcept {
    std::lock_guard guard(lock_);
    if (permits_ == 0) return false;
    --permits_;
    return true;
}

bool semaphore::try_acquire_for(duration d) {
    return try_acquire_until(hub::current().deadline_after(d));
}

bool semaphore::try_acquire_until(time_point deadline) {
    return detail::wait_for(acquire_operation{*this}, deadline) == detail::outcome::ready;
}

void semaphore::release(std::ptrdiff_t count) {
    if (count < 0) throw_negative();
    detail::intrusive_list<detail::wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        if (count > most_ - permits_) throw_too_many();
        for (; count > 0; --count) {
            detail::wait_node* next = waiters_.choose_first();
            if (!next) break;
            chosen.push_back(*next);
        }
        permits_ += count;
        if (permits_ > 0) onlookers_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

std::ptrdiff_t semaphore::available() const noexcept {
    std::lock_guard guard(lock_);
    return permits_;
}

bool semaphore::available_operation::enqueue(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    if (target.permits_ > 0) return node.owner->claim(node);
    target.onlookers_.push_back(node);
    return false;
}

void semaphore::throw_too_many() {
    throw std::system_error(std::make_error_code(std::errc::value_too_large),
                            "green: semaphore::release of a permit that was never taken");
}

void semaphore::throw_negative() {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "green: semaphore: a negative number of permits");
}

}  // namespace green

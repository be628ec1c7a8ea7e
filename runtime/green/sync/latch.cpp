// SPDX-License-Identifier: BSL-1.0
#include <green/sync/latch.h>

#include <mutex>
#include <system_error>

namespace green {

namespace {
void check_count(bool good) {
    if (!good) throw std::system_error(std::make_error_code(std::errc::invalid_argument), "green: latch: bad count");
}
}  // namespace

latch::latch(std::ptrdiff_t count) : count_(count) {
    check_count(count >= 0);
}

void latch::take(std::ptrdiff_t n, chosen_list& chosen) {
    check_count(n >= 0 && n <= count_);
    count_ -= n;
    if (count_ == 0) waiters_.choose_all(chosen);
}

void latch::count_down(std::ptrdiff_t n) {
    chosen_list chosen;
    {
        std::lock_guard guard(lock_);
        take(n, chosen);
    }
    detail::wake_all(chosen);
}

bool latch::try_wait() const noexcept {
    std::lock_guard guard(lock_);
    return count_ == 0;
}

bool latch::wait_for(duration d) {
    return detail::wait_for(wait_operation{*this, 0}, hub::current().deadline_after(d)) == detail::outcome::ready;
}

void latch::arrive_and_wait(std::ptrdiff_t n) {
    detail::wait_for(wait_operation{*this, n});
}

bool latch::wait_operation::enqueue(detail::wait_node& node) {
    chosen_list chosen;
    {
        std::lock_guard guard(target.lock_);
        target.take(counted, chosen);
        if (target.count_ > 0) {
            target.waiters_.push_back(node);
            return false;
        }
        if (!node.owner->claim(node)) return false;  // only without counting; see ready_operation()
    }
    detail::wake_all(chosen);
    return true;
}

void latch::wait_operation::withdraw(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    detail::wait_queue::remove(node);
    // At zero it is open for good: the last one has come between the cancellation and this.
    if (target.count_ > 0) target.count_ += counted;
}

}  // namespace green

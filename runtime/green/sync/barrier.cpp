// SPDX-License-Identifier: BSL-1.0
#include <green/sync/barrier.h>

#include <mutex>
#include <system_error>
#include <utility>

namespace green {

namespace {
void check_or_throw(bool good, std::errc code, const char* what) {
    if (!good) throw std::system_error(std::make_error_code(code), what);
}
}  // namespace

barrier::barrier(std::ptrdiff_t count, callback completion)
    : expected_(count), remaining_(count), completion_(std::move(completion)) {
    check_or_throw(count > 0, std::errc::invalid_argument, "green: barrier: bad count");
}

bool barrier::take(std::ptrdiff_t n) {
    check_or_throw(n > 0 && n <= remaining_, std::errc::operation_not_permitted,
                   "green: barrier: more arrive than are expected");
    remaining_ -= n;
    return remaining_ == 0;
}

void barrier::complete_phase() {
    try {
        if (completion_) completion_();
    } catch (...) {
        begin_next_phase();
        throw;
    }
    begin_next_phase();
}

void barrier::begin_next_phase() noexcept {
    detail::intrusive_list<detail::wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        ++phase_;
        remaining_ = expected_;
        waiters_.choose_all(chosen);
    }
    detail::wake_all(chosen);
}

void barrier::arrive_and_wait() {
    arrive_operation op{*this};
    detail::wait_for(op);
    if (op.last) complete_phase();
}

barrier::arrival_token barrier::arrive(std::ptrdiff_t n) {
    arrival_token phase;
    bool last;
    {
        std::lock_guard guard(lock_);
        phase = phase_;
        last = take(n);
    }
    if (last) complete_phase();
    return phase;
}

void barrier::arrive_and_drop() {
    bool last;
    {
        std::lock_guard guard(lock_);
        last = take(1);
        --expected_;
    }
    if (last) complete_phase();
}

void barrier::wait(arrival_token phase) {
    detail::wait_for(wait_operation{*this, phase});
}

bool barrier::arrive_operation::enqueue(detail::wait_node& node) {
    std::lock_guard guard(target.lock_);
    last = target.take(1);
    phase = target.phase_;
    if (!last) target.waiters_.push_back(node);
    return last;
}

void barrier::arrive_operation::withdraw(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    detail::wait_queue::remove(node);
    const bool can_be_undone = target.phase_ == phase && target.remaining_ > 0;
    if (can_be_undone) ++target.remaining_;
}

bool barrier::wait_operation::enqueue(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    if (target.phase_ != phase) return node.owner->claim(node);
    target.waiters_.push_back(node);
    return false;
}

void barrier::wait_operation::withdraw(detail::wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    detail::wait_queue::remove(node);
}

}  // namespace green

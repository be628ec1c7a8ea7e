// SPDX-License-Identifier: BSL-1.0
#include <green/hub/waiter.h>

#include <green/hub/hub.h>

namespace green::detail {

// On the waiter's own thread the timer and the scopes cannot run at the same time, and all other threads that
// could choose it are kept out by the primitive's lock: a plain store settles it. Everybody else competes.
bool waiter::choose() noexcept {
    if (home_ != hub::current_or_null() || has_alternatives_) return settle(outcome::ready);
    if (outcome_.load(std::memory_order_relaxed) != outcome::pending) return false;
    outcome_.store(outcome::ready, std::memory_order_relaxed);
    return true;
}

void waiter::wake() noexcept {
    loop_of(*home_).schedule(*this);
}

void waiter::expire(timer& self) noexcept {
    auto& w = static_cast<waiter&>(self);
    if (w.settle(outcome::timed_out)) loop_of(*w.home_).make_ready(w);
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/hub/waiter.h>

#include <green/hub/hub.h>

namespace green::detail {

void waiter::expire(timer& self) noexcept {
    auto& w = static_cast<waiter&>(self);
    if (w.settle(outcome::timed_out)) loop_of(*w.home_).make_ready(w);
}

}  // namespace green::detail

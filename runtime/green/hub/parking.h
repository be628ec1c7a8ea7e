// SPDX-License-Identifier: BSL-1.0
// What is registered of an agent while it is parked, beside the operation it waits for.
#pragma once

#include <green/hub/agent.h>
#include <green/hub/hub.h>

#include <algorithm>

namespace green::detail {

// Before the agent gives up the processor: arms one timer for the earliest of its own deadline and those of the
// scopes it is in, and enters it into its scope, so that a cancellation finds it. Lowers `deadline` to that one.
inline void enter_parking(agent& self, time_point& deadline) noexcept {
    if (self.inside() && !self.must_finish_waits()) {
        deadline = std::min(deadline, self.inside()->deadline());
        self.inside()->enter_parked(self);
    }
    if (deadline != never) loop_of(self.home()).timers().arm(self, deadline);
}

// Once it runs again: undoes that, and says how the wait ended. A deadline of a scope is a cancellation.
inline outcome leave_parking(agent& self, time_point deadline) noexcept {
    loop& home = loop_of(self.home());
    const bool deadline_passed = deadline != never && !self.armed();
    if (self.armed()) home.timers().disarm(self);
    if (!static_cast<list_hook<scope_tag>&>(self).linked()) return self.result();
    scope::leave_parked(self);
    if (self.result() != outcome::timed_out) {
        // Served in the very pass in which the timer fired: this wait counts, the next one must not. Else one that is
        // always served in time, as by a peer that never stops sending, would outlive every deadline.
        if (deadline_passed) self.inside()->expire(home.now());
        return self.result();
    }
    // Of several waits with the deadline of one scope, the first to run has expired it for the others.
    return self.inside()->expire(home.now()) || self.inside()->cancelled() ? outcome::cancelled : outcome::timed_out;
}

// For one that went behind the others instead of parking, once it runs again: it has armed no timer, so the deadlines
// in force are looked at here, or else a loop that never has to wait would run past them.
inline void expire_scopes(agent& self) noexcept {
    if (self.inside() && self.inside()->deadline() != never) [[unlikely]] self.inside()->expire(loop_of(self.home()).now());
}

}  // namespace green::detail

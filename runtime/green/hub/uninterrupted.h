// SPDX-License-Identifier: BSL-1.0
// Waits that nothing cuts short: for what must not be left half done.
#pragma once

#include <green/hub/agent.h>
#include <green/hub/scope.h>

#include <utility>

namespace green::detail {

// While it lives, no kill, no scope from outside and not even the end of the thread ends a wait of the running agent;
// what came meanwhile strikes at the next wait afterwards. For waits that are sure to end, because what others refer to
// lives here, or because a lock was promised. One that does not end by itself is abandoned some time after its thread
// has begun to end, as one in a destructor is.
//
// A shield of the user's (sync/cancel_scope.h) does not hold at the end of the thread.
class uninterrupted {
  public:
    uninterrupted()
        : who_(running_agent()), shield_(who_.inside(), never, true), insisted_(std::exchange(who_.insists, true)) {
        who_.move_into(&shield_);
    }
    ~uninterrupted() {
        who_.move_into(shield_.parent());
        who_.insists = insisted_;
    }
    uninterrupted(const uninterrupted&) = delete;
    uninterrupted& operator=(const uninterrupted&) = delete;

  private:
    agent& who_;
    scope shield_;
    const bool insisted_;  // around it
};

}  // namespace green::detail

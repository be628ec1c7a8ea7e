// SPDX-License-Identifier: BSL-1.0
// The cancel scopes of a flow that is in force only now and then: a greenlet, or a sequence that a coroutine computes.
#pragma once

#include <green/hub/agent.h>
#include <green/hub/current.h>
#include <green/hub/scope.h>

#include <utility>

namespace green::detail {

// In force, the scopes that the flow has opened hang below those of whoever uses it, so that a timeout of the consumer
// reaches into it. In between they hang on nothing, so that its own do not cut short the consumer's waits.
class carried_scopes {
  public:
    // While not in force: whether it has none open.
    bool empty() const noexcept { return !outermost_; }

    // Comes into force inside those of `user`.
    void enter(agent& user) noexcept {
        enter_bare(user.inside());
        if (empty()) [[likely]] return;
        outermost_->move_below(base_);
        user.move_into(innermost_);
        outermost_ = innermost_ = nullptr;
    }
    // The same when it is empty, which is for the caller to ask.
    void enter_bare(scope* inside) noexcept { base_ = inside; }

    // Goes out of force: what `user` is in since enter() is carried along.
    void leave(agent& user) noexcept {
        if (has_opened_none(user.inside())) [[likely]] return;
        innermost_ = outermost_ = user.inside();
        user.move_into(base_);
        while (outermost_->parent() != base_) outermost_ = outermost_->parent();
        outermost_->move_below(nullptr);
    }
    // Both for whoever runs, also where there are no fibers yet.
    void enter_running() noexcept {
        if (current_agent) [[likely]]
            enter(*current_agent);
        else
            enter_bare(nullptr);
    }
    void leave_running() noexcept {
        if (current_agent) [[likely]] leave(*current_agent);
    }
    // Calls destroy(), which destroys the flow where it stands, and this with it: its scopes are left one by one.
    template <class F>
    void destroy_inside(F destroy) noexcept {
        if (empty()) [[likely]] return destroy();
        agent& who = running_agent();
        scope* const inside = who.inside();
        enter(who);
        destroy();
        who.move_into(inside);
    }
    // While in force, of the scope that its user is in.
    bool has_opened_none(const scope* inside) const noexcept { return inside == base_; }

  private:
    scope* base_ = nullptr;       // valid in force: the innermost one that is not its own
    scope* outermost_ = nullptr;  // not in force: the first of its own ...
    scope* innermost_ = nullptr;  // ... and the last
};

}  // namespace green::detail

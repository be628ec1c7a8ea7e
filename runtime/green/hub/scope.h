// SPDX-License-Identifier: BSL-1.0
// The tree of cancel scopes: what deadline is in force, and who must be woken when a part of the tree is cancelled.
//
// This is the bare mechanism, shared by fibers and coroutines; the public faces are sync/cancel_scope.h,
// sync/timeout.h and sync/task_group.h. A scope belongs to one hub; only that hub's thread touches it.
#pragma once

#include <green/base/intrusive_list.h>
#include <green/base/time.h>
#include <green/hub/waiter.h>

#include <cstdint>

namespace green::detail {

struct scope_sibling_tag;

// One scope. Its parent outlives it. Deadlines are not armed here: whoever parks inside a scope arms one timer
// for the earliest deadline in force, so entering and leaving a scope costs no timer.
class scope : public list_hook<scope_sibling_tag> {
  public:
    // `shielded`: neither the parent's deadline nor its cancellation reaches what is inside.
    scope(scope* parent, time_point deadline, bool shielded) noexcept;
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

    // Cancels everything inside, except behind shields: waits under way end as cancelled, further ones fail.
    // Level-triggered: it stays cancelled. Idempotent.
    void cancel() noexcept;

    // Whether a wait inside must fail: this scope or one around it, up to the next shield, was cancelled.
    bool cancelled() const noexcept { return cancelled_; }
    // The scope itself was cancelled, not only one around it.
    bool cancelled_itself() const noexcept { return cancelled_itself_; }

    // The earliest deadline in force inside.
    time_point deadline() const noexcept { return effective_deadline_; }
    time_point own_deadline() const noexcept { return own_deadline_; }
    // Moves the scope's own deadline; waits already parked keep the timer they armed and look again when it fires.
    void set_deadline(time_point deadline) noexcept;

    // The outermost scope in force here that was cancelled, whose owner is the one to absorb the unwinding; null
    // when none was.
    scope* outermost_cancelled() noexcept;
    // Cancels the outermost scope in force here whose deadline is not after `now`; false when there is none.
    bool expire(time_point now) noexcept;

    // Whether a shield stands between here and the root.
    bool shielded_from_root() const noexcept { return shielded_from_root_; }

    // A waiter that parks inside, for as long as it is parked.
    void enter_parked(waiter& w) noexcept { parked_.push_back(w); }
    static void leave_parked(waiter& w) noexcept { static_cast<list_hook<scope_tag>&>(w).unlink(); }

    // Hangs it below another scope, or below none, with all that is inside it: what is in force there follows.
    void move_below(scope* parent) noexcept;
    scope* parent() const noexcept { return parent_; }
    std::uint64_t id() const noexcept { return id_; }  // never used twice in a process

  private:
    void refresh_deadline() noexcept;
    bool refresh_inherited() noexcept;
    void cancel_parked() noexcept;

    scope* parent_;
    intrusive_list<scope, scope_sibling_tag> children_;
    intrusive_list<waiter, scope_tag> parked_;
    time_point own_deadline_;
    time_point effective_deadline_;
    std::uint64_t id_;
    scope* next_to_visit_ = nullptr;  // valid while a member walks the tree
    bool shield_;
    bool shielded_from_root_;
    bool cancelled_itself_ = false;
    bool cancelled_;
};

}  // namespace green::detail

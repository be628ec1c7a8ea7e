// SPDX-License-Identifier: BSL-1.0
#include <green/hub/scope.h>

#include <green/base/unique_id.h>
#include <green/hub/hub.h>

#include <algorithm>
#include <utility>

namespace green::detail {

scope::scope(scope* parent, time_point deadline, bool shielded) noexcept
    : parent_(parent),
      own_deadline_(deadline),
      effective_deadline_(deadline),
      id_(unique_id<scope>()),
      shield_(shielded),
      shielded_from_root_(shielded || (parent && parent->shielded_from_root_)),
      cancelled_(parent && !shielded && parent->cancelled_) {
    if (!parent) return;
    parent->children_.push_back(*this);
    if (!shielded) effective_deadline_ = std::min(deadline, parent->effective_deadline_);
}

scope::~scope() {
    if (list_hook<scope_sibling_tag>::linked()) list_hook<scope_sibling_tag>::unlink();
}

// Walks the tree through next_to_visit_ instead of recursing: scopes nest as deeply as fibers spawn fibers.
void scope::cancel() noexcept {
    cancelled_itself_ = true;
    if (cancelled_) return;
    cancelled_ = true;
    for (scope* to_visit = this; to_visit;) {
        scope& at = *to_visit;
        to_visit = at.next_to_visit_;
        at.cancel_parked();
        at.children_.for_each([&](scope& child) {
            if (child.shield_ || child.cancelled_) return;
            child.cancelled_ = true;
            child.next_to_visit_ = to_visit;
            to_visit = &child;
        });
        at.next_to_visit_ = nullptr;
    }
}

void scope::cancel_parked() noexcept {
    parked_.for_each([](waiter& w) {
        if (w.settle(outcome::cancelled)) w.wake();
    });
}

void scope::set_deadline(time_point deadline) noexcept {
    own_deadline_ = deadline;
    for (scope* to_visit = this; to_visit;) {
        scope& at = *to_visit;
        to_visit = at.next_to_visit_;
        at.refresh_deadline();
        at.children_.for_each([&](scope& child) {
            if (child.shield_) return;
            child.next_to_visit_ = to_visit;
            to_visit = &child;
        });
        at.next_to_visit_ = nullptr;
    }
}

void scope::refresh_deadline() noexcept {
    effective_deadline_ = own_deadline_;
    if (parent_ && !shield_) effective_deadline_ = std::min(own_deadline_, parent_->effective_deadline_);
}

void scope::move_below(scope* parent) noexcept {
    if (list_hook<scope_sibling_tag>::linked()) list_hook<scope_sibling_tag>::unlink();
    parent_ = parent;
    if (parent) parent->children_.push_back(*this);
    for (scope* to_visit = this; to_visit;) {
        scope& at = *to_visit;
        to_visit = at.next_to_visit_;
        at.next_to_visit_ = nullptr;
        if (at.refresh_inherited()) at.cancel_parked();
        at.children_.for_each([&](scope& child) {
            if (child.shield_) return;
            child.next_to_visit_ = to_visit;
            to_visit = &child;
        });
    }
}

// True when it was cancelled by this.
bool scope::refresh_inherited() noexcept {
    refresh_deadline();
    if (shield_) return false;
    shielded_from_root_ = parent_ && parent_->shielded_from_root_;
    const bool was_cancelled = std::exchange(cancelled_, cancelled_itself_ || (parent_ && parent_->cancelled_));
    return cancelled_ && !was_cancelled;
}

scope* scope::outermost_cancelled() noexcept {
    scope* outermost = nullptr;
    for (scope* at = this; at; at = at->parent_) {
        if (at->cancelled_itself_) outermost = at;
        if (at->shield_) break;
    }
    return outermost;
}

bool scope::expire(time_point now) noexcept {
    scope* outermost = nullptr;
    for (scope* at = this; at; at = at->parent_) {
        if (at->own_deadline_ <= now && !at->cancelled_itself_) outermost = at;
        if (at->shield_) break;
    }
    if (!outermost) return false;
    outermost->cancel();
    return true;
}

}  // namespace green::detail

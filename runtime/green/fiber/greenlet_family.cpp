// SPDX-License-Identifier: BSL-1.0
// Parents and roots, and the cancel scopes that hang on them.
#include <green/fiber/greenlet_block.h>

#include <green/fiber/control.h>
#include <green/fiber/greenlet_delivery.h>
#include <green/fiber/scheduler.h>

#include <stdexcept>
#include <utility>

namespace green::detail {

namespace {

std::size_t generation_of(const greenlet_block& one) noexcept {
    std::size_t count = 0;
    for (const greenlet_block* at = live_parent(one); at; at = live_parent(*at)) ++count;
    return count;
}

// The last of their live ancestors that two of one family have in common; one of them, when it descends from the other.
greenlet_block& meeting_point(greenlet_block& one, greenlet_block& other) noexcept {
    greenlet_block *a = &one, *b = &other;
    const std::size_t depth_a = generation_of(one), depth_b = generation_of(other);
    for (std::size_t i = depth_b; i < depth_a; ++i) a = live_parent(*a);
    for (std::size_t i = depth_a; i < depth_b; ++i) b = live_parent(*b);
    while (a != b) a = live_parent(*a), b = live_parent(*b);
    return *a;
}

// The greenlets from `from` up to, without, `end` are active no more: their own scopes hang on nothing.
void leave_scopes(control& fiber, greenlet_block& from, const greenlet_block& end) noexcept {
    for (greenlet_block* at = &from; at != &end; at = live_parent(*at)) at->scopes.leave(fiber);
}

// Those from below `end` down to `to` are active: each one's scopes hang on the innermost of the one above.
void enter_scopes(control& fiber, const greenlet_block& end, greenlet_block& to) noexcept {
    greenlet_block* at = nullptr;
    for (greenlet_block* up = &to; up != &end; up = live_parent(*up)) up->below = std::exchange(at, up);
    for (; at; at = at->below) at->scopes.enter(fiber);
}

}  // namespace

greenlet_block* live_parent(const greenlet_block& of) noexcept {
    greenlet_block* at = of.parent;
    while (at && at->ended) at = at->parent;
    return at;
}

greenlet_block* root_of(greenlet_block& one) noexcept {
    greenlet_block* at = one.ended ? live_parent(one) : &one;
    while (at && !at->root) at = live_parent(*at);
    return at;
}

bool is_active(greenlet_block& one) noexcept {
    greenlet_block* root = root_of(one);
    for (greenlet_block* at = root ? root->fiber->greenlet : nullptr; at; at = live_parent(*at))
        if (at == &one) return true;
    return false;
}

void move_scopes(control& fiber, greenlet_block& from, greenlet_block& to) noexcept {
    greenlet_block& end = meeting_point(from, to);
    leave_scopes(fiber, from, end);
    enter_scopes(fiber, end, to);
}

void link_parent(greenlet_block& child, greenlet_block* parent) noexcept {
    if (parent) parent->add_reference();
    greenlet_block* before = std::exchange(child.parent, parent);
    if (!std::exchange(child.parent_is_lent, false) && before) before->drop_reference();
}

void set_parent(greenlet_block& child, greenlet_block& parent) {
    for (const greenlet_block* one : {&child, &parent})
        if (one->home != &scheduler::current())
            throw std::logic_error("green: " + quoted(*one) + " belongs to another thread");
    if (child.root) throw std::logic_error("green: " + quoted(child) + " is a fiber's own stack and has no parent");
    for (const greenlet_block* at = &parent; at; at = at->parent)
        if (at == &child) throw std::logic_error("green: " + quoted(child) + " would become its own ancestor");
    if (!is_active(child)) return link_parent(child, &parent);
    greenlet_block& root = *root_of(child);
    control& fiber = *root.fiber;
    if (root_of(parent) != &root)
        throw std::logic_error("green: " + quoted(child) + " cannot leave fiber \"" + fiber.name() +
                               "\" while it runs there");
    leave_scopes(fiber, *fiber.greenlet, root);
    parent.add_reference();
    greenlet_block* before = std::exchange(child.parent, &parent);
    const bool was_lent = std::exchange(child.parent_is_lent, false);
    enter_scopes(fiber, root, *fiber.greenlet);
    if (before && !was_lent) before->drop_reference();
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/greenlet_block.h>

#include <green/base/caught.h>
#include <green/base/check.h>
#include <green/base/unique_id.h>
#include <green/hub/cancellation.h>
#include <green/fiber/greenlet_delivery.h>
#include <green/fiber/scheduler.h>

#include <stdexcept>
#include <utility>

namespace green::detail {

greenlet_block::greenlet_block(greenlet_block* parent, std::string name, std::size_t stack_bytes, const type_tag& takes,
                               const type_tag& gives)
    : expects(&takes),
      root(false),
      home(&scheduler::current()),
      gives(&gives),
      id(unique_id<greenlet_block>()),
      name(std::move(name)) {
    if (parent && parent->home != home)
        throw std::logic_error("green: " + quoted(*parent) + " belongs to another thread and cannot be a parent here");
    where = home->stacks().acquire(stack_bytes);
    flow.prepare(where, where.top(), &entry, this);
    link_parent(*this, parent);
    home->greenlets().living.push_back(*this);
}

// Its references: the fiber's, and its own.
greenlet_block::greenlet_block(control& fiber)
    : expects(nullptr),
      started(true),
      root(true),
      references(2),
      home(&scheduler::current()),
      fiber(&fiber),
      where(fiber.where),
      gives(nullptr),
      id(unique_id<greenlet_block>()),
      name(fiber.name()) {
    flow.stand_on(fiber.flow);
}

// Of an ended one, or of one whose function could not be moved in.
greenlet_block::~greenlet_block() {
    if (!root && where.bottom) give_back_stack();
    if (linked()) unlink();
    if (parent && !parent_is_lent) parent->drop_reference();
}

std::string greenlet_block::label() const {
    return name.empty() ? "greenlet-" + std::to_string(id) : name;
}

// The stack of one that never ran.
void greenlet_block::give_back_stack() noexcept {
    flow.retire();
    home->stacks().release(where);
    where = {};
}

// --- references ---

// Gives up one; true when it was the last, and only the block is left.
bool greenlet_block::let_go() noexcept {
    if (ended.load(std::memory_order_acquire)) return references.drop();
    if (scheduler::current_or_null() != home) {
        // Only the home thread makes the last handle go, so that nobody else has to know what the greenlet does.
        if (references.drop_if_above(2) || home->home().call_soon([this] { drop_reference(); })) return false;
        // That thread has ended meanwhile. Where it has not unwound it, as after exit(), its stack stays as it is.
        return ended.load(std::memory_order_acquire) && references.drop();
    }
    if (references.drop()) {
        end_unstarted(*this);
        return true;
    }
    if (started && forsaken() && !is_active(*this)) unwind_forsaken(*this);
    return false;
}

// Not by recursion: a line of parents may be long.
void greenlet_block::drop_reference() noexcept {
    for (greenlet_block* at = this; at && at->let_go();) {
        greenlet_block* above = std::exchange(at->parent, nullptr);
        if (at->parent_is_lent) above = nullptr;
        delete at;
        at = above;
    }
}

// --- the end ---

void end_unstarted(greenlet_block& one) noexcept {
    one.add_reference();  // its callable may hold the last one
    one.discard_callable();
    one.ended.store(true, std::memory_order_release);
    one.expects = nullptr;
    one.unlink();
    one.give_back_stack();
    one.drop_reference();
}

// The result or the error of the running greenlet goes to the parent, and its stack is given back: after this only
// the jump is made on it.
context& finish(greenlet_block& self, message m, void* result) noexcept {
    greenlet_block* to = &receiver_of(live_parent(self), m, self);
    const auto event = m.how == delivery::error ? greenlet_event::thrown : greenlet_event::switched;
    if (trace(event, self, *to)) to = &receiver_of(live_parent(self), m, self);
    control& fiber = self.home->running();
    move_scopes(fiber, self, *to);
    self.ended.store(true, std::memory_order_release);
    self.expects = nullptr;
    if (self.linked()) self.unlink();
    to->incoming = result;
    bring(*to, std::move(m), &self);
    fiber.greenlet = to;
    fiber.flow.stand_on(to->flow);
    self.home->stacks().release(std::exchange(self.where, {}));
    return to->flow;
}

context& greenlet_block::entry(void* self_as_argument) noexcept {
    auto& self = *static_cast<greenlet_block*>(self_as_argument);
    self.started = true;
    self.add_reference();
    message m{delivery::value, self.gives};
    void* result = nullptr;
    try {
        result = self.run();
    } catch (const greenlet_exit&) {
        m = {delivery::exit};
    } catch (...) {
        m = {delivery::error, nullptr, caught_at_the_end()};
    }
    self.discard_callable();
    return finish(self, std::move(m), result);
}

// --- of a fiber ---

greenlet_block& running_greenlet(const char* call) {
    control& fiber = scheduler::current().running();
    if (fiber.greenlet) [[likely]] return *fiber.greenlet;
    if (fiber.attention & control::is_hub)
        throw std::logic_error(std::string("green: ") + call +
                               " inside a hub callback or a coroutine, which have no stack "
                               "of their own; spawn a fiber for what has to switch");
    fiber.greenlet = new greenlet_block(fiber);
    fiber.has_several_stacks = true;
    return *fiber.greenlet;
}

// Only exit() ends a fiber, a main one, that stands on another stack than its own.
void end_root_of(greenlet_block& present) noexcept {
    greenlet_block& root = *root_of(present);
    root.ended.store(true, std::memory_order_release);
    root.fiber = nullptr;
    root.drop_reference();
    root.drop_reference();
}

bool is_being_unwound(const greenlet_block& present) noexcept {
    if (present.unwinding_for_good) return true;
    for (const greenlet_block* at = live_parent(present); at; at = live_parent(*at))
        if (at->unwinding_for_good || at->flow.unwinding()) return true;
    return false;
}

}  // namespace green::detail

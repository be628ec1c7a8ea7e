// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/greenlet_switch.h>

#include <green/base/check.h>
#include <green/hub/describe.h>
#include <green/fiber/greenlet.h>
#include <green/fiber/greenlet_delivery.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

namespace green::detail {

std::string quoted(const greenlet_block& one) {
    return (one.root ? "the root greenlet of fiber \"" : "greenlet \"") + one.label() + '"';
}

std::logic_error misfit(const greenlet_block& taker, const type_tag& given) {
    return std::logic_error("green: " + quoted(taker) + " waits for " + taker.expects->name() + " and is given " +
                            given.name());
}

bool is_greenlet_exit(const std::exception_ptr& e) noexcept {
    try {
        std::rethrow_exception(e);
    } catch (const greenlet_exit&) {
        return true;
    } catch (...) {
        return false;
    }
}

namespace {

// Where anything for `to` goes: itself, or its nearest live ancestor when it has ended.
greenlet_block& destination(greenlet_block& to, greenlet_block& self) {
    if (to.home != self.home) throw std::logic_error("green: " + quoted(to) + " belongs to another thread");
    if (self.in_tracer) throw std::logic_error("green: the greenlet tracer must not switch");
    greenlet_block* target = to.ended ? live_parent(to) : &to;
    if (!target) throw std::logic_error("green: " + quoted(to) + " has ended, and so have all above it");
    greenlet_block* root = root_of(*target);
    if (root == root_of(self)) return *target;
    const std::string owner = root ? "fiber \"" + root->fiber->name() + '"' : "no living fiber";
    throw std::logic_error("green: " + quoted(*target) + " belongs to " + owner +
                           (target->root ? "" : "; set_parent(green::current_greenlet()) brings it to this one"));
}

bool descends_from(const greenlet_block& one, const greenlet_block& ancestor) noexcept {
    const greenlet_block* at = &one;
    while (at && at != &ancestor) at = live_parent(*at);
    return at;
}

// The last steps before a jump. A forsaken greenlet leaves for good, unless the other one will come back to it.
void prepare_to_leave(greenlet_block& self, greenlet_block& to) noexcept {
    if (self.forsaken() && !descends_from(to, self)) {
        to.unusual = true;
        to.arrived.left_behind = &self;
    }
    move_scopes(self.home->running(), self, to);
}

}  // namespace

greenlet_block& receiver_of(greenlet_block* first, message& m, const greenlet_block& about) noexcept {
    for (greenlet_block* at = first;; at = live_parent(*at)) {
        check(at, "the parents of a running greenlet do not lead to its fiber");
        if (m.how == delivery::value && !at->accepts(*m.given))
            m = {delivery::error, nullptr, std::make_exception_ptr(misfit(*at, *m.given))};
        if (at->started) return *at;
        if (m.how == delivery::exit && !at->accepts(tag_of<void>))
            m = {delivery::error, nullptr, std::make_exception_ptr(greenlet_ended(about.label()))};
        if (m.how != delivery::error) return *at;
        end_unstarted(*at);
    }
}

void bring(greenlet_block& to, message&& m, greenlet_block* ended) noexcept {
    to.unusual = true;
    to.arrived.how = m.how;
    to.arrived.error = std::move(m.error);
    to.arrived.ended = ended;
}

greenlet_block& arrange_switch(greenlet_block& to, const type_tag& given, const type_tag& wanted) {
    greenlet_block& self = running_greenlet("a greenlet switches");
    auto find = [&]() -> greenlet_block& {
        greenlet_block& target = destination(to, self);
        if (&target == &self && !(given == wanted))
            throw std::logic_error("green: " + (to.ended ? quoted(to) + " has ended, and " : "") + quoted(self) +
                                   " waits for " + wanted.name() + " and gives itself " + given.name());
        if (&target != &self && !target.accepts(given)) throw misfit(target, given);
        return target;
    };
    greenlet_block* target = &find();
    if (target == &self) return self;
    if (trace(greenlet_event::switched, self, *target)) target = &find();
    if (target != &self) prepare_to_leave(self, *target);
    return *target;
}

greenlet_block& throw_at(greenlet_block& to, std::exception_ptr e, const type_tag* wanted) {
    greenlet_block& self = running_greenlet("a greenlet throws into another");
    if (!e) e = std::make_exception_ptr(greenlet_exit());
    greenlet_block* target = &destination(to, self);
    if (target != &self && trace(greenlet_event::thrown, self, *target)) target = &destination(to, self);
    message m{delivery::error, nullptr, std::move(e)};
    greenlet_block* ended = nullptr;
    if (target != &to || !to.started) {  // there is no switch to throw it at
        to.add_reference();
        ended = &to;
        if (!to.ended) end_unstarted(to);
        if (is_greenlet_exit(m.error)) m = {delivery::exit};
        target = &receiver_of(live_parent(to), m, to);
    }
    bring(*target, std::move(m), ended);
    if (target == &self) return self;
    self.expects = wanted;
    prepare_to_leave(self, *target);
    self.home->change_greenlet(self, *target);
    return self;
}

void refuse_to_leave_root() {
    throw std::logic_error("green: " + quoted(running_greenlet("switch_to_parent")) + " has no parent");
}

void refuse_to_lend(const greenlet_block& one) {
    if (one.home != &scheduler::current())
        throw std::logic_error("green: " + quoted(one) + " belongs to another thread");
    throw std::logic_error("green: the generator of " + quoted(one) + " is asked for a value while it computes one");
}

void refuse_to_yield() {
    throw std::logic_error("green: a generator yields on another stack than its own");
}

// --- arriving ---

taken_arrival::~taken_arrival() {
    if (brought_.ended) {
        brought_.ended->discard_result();
        brought_.ended->drop_reference();
    }
    if (brought_.left_behind) unwind_forsaken(*brought_.left_behind);
}

void taken_arrival::throw_ended() const {
    throw greenlet_ended(brought_.ended->label());
}

void taken_arrival::report_error(const greenlet_block& about) const noexcept {
    if (brought_.how != delivery::error) return;
    std::fprintf(stderr, "green: greenlet \"%s\" was dropped and ended with an exception: %s\n", about.label().c_str(),
                 describe_exception(brought_.error).c_str());
}

}  // namespace green::detail

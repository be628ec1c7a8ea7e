// SPDX-License-Identifier: BSL-1.0
// The switch between two greenlets of one fiber.
//
//     hand_over(to, value)     may `to` be entered, and does it take such a value? what is in force follows
//       jump                   ... `to` goes on. Later somebody switches back, or ends:
//     receive()                takes what was brought, or throws it
//
// A value is never copied on its way: it stays on the giver's stack, who is suspended, and the taker moves it out as
// its first act. All of the common way is inlined into whoever switches. Two calls that meet in one jump return to
// different places, and a mispredicted return costs as much as the switch.
#pragma once

#include <green/fiber/control.h>
#include <green/fiber/greenlet_block.h>
#include <green/fiber/scheduler.h>
#include <green/fiber/type_tag.h>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace green::detail {

struct nothing {};

// How a value of type T is kept while it crosses: void as nothing, a reference as a pointer.
template <class T>
using crossing =
    std::conditional_t<std::is_void_v<T>, nothing,
                       std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::remove_cv_t<T>>>;

template <class T>
[[gnu::always_inline]] inline T take([[maybe_unused]] void* brought) {
    if constexpr (std::is_reference_v<T>)
        return static_cast<T>(**static_cast<crossing<T>*>(brought));
    else if constexpr (!std::is_void_v<T>)
        return std::move(*static_cast<crossing<T>*>(brought));
}

// --- what is decided out of line ---

// Where a switch to `to` leads, with everything made ready for the jump: `to`, or its nearest live ancestor when it
// has ended. It may lead to the running greenlet itself; then there is no jump. Throws std::logic_error, having changed
// nothing, when it must not be.
greenlet_block& arrange_switch(greenlet_block& to, const type_tag& given, const type_tag& wanted);

// Throws `e`, or greenlet_exit when that is null, at `to`, and returns the running greenlet when somebody has switched
// back to it. `wanted` may be null.
greenlet_block& throw_at(greenlet_block& to, std::exception_ptr e, const type_tag* wanted);

// An unusual arrival, taken over by the one it was for, and let go of at the end of its scope.
class taken_arrival {
  public:
    explicit taken_arrival(greenlet_block& self) noexcept
        : brought_(std::exchange(self.arrived, {})), incoming_(self.incoming) {
        self.unusual = false;
    }
    taken_arrival(const taken_arrival&) = delete;
    taken_arrival& operator=(const taken_arrival&) = delete;
    ~taken_arrival();

    // Throws the error that was brought.
    void* incoming() const {
        if (brought_.how == delivery::error) std::rethrow_exception(brought_.error);
        return incoming_;
    }
    bool without_value() const noexcept { return brought_.how == delivery::exit; }
    [[noreturn]] void throw_ended() const;
    // For one who waited for nothing.
    void report_error(const greenlet_block& about) const noexcept;

  private:
    greenlet_block::arrival brought_;
    void* incoming_;
};

// --- arriving ---

template <class Result>
[[gnu::noinline]] Result receive_unusual(greenlet_block& self) {
    taken_arrival arrived(self);
    void* incoming = arrived.incoming();
    if (!std::is_void_v<Result> && arrived.without_value()) arrived.throw_ended();
    return take<Result>(incoming);
}

template <class Result>
[[gnu::always_inline]] inline Result receive(greenlet_block& self) {
    if (self.unusual) [[unlikely]] return receive_unusual<Result>(self);
    return take<Result>(self.incoming);
}

// What may be missing: a void one as a truth value.
template <class T>
using maybe =
    std::conditional_t<std::is_void_v<T>, bool,
                       std::optional<std::conditional_t<
                           std::is_reference_v<T>, std::reference_wrapper<std::remove_reference_t<T>>, crossing<T>>>>;

template <class Result>
maybe<Result> receive_if_any(greenlet_block& self) {
    std::optional<taken_arrival> arrived;
    void* incoming = self.incoming;
    if (self.unusual) {
        incoming = arrived.emplace(self).incoming();
        if (arrived->without_value()) return {};
    }
    if constexpr (std::is_void_v<Result>)
        return true;
    else
        return maybe<Result>(take<Result>(incoming));
}

// --- leaving ---

// Whether the family needs no looking at: `to` is a child, the parent, or a sibling of the running one, and no cancel
// scope changes hands. Any other relation is for arrange_switch().
[[gnu::always_inline]] inline bool is_next_of_kin(const greenlet_block& self, greenlet_block& to,
                                                  scope* inside) noexcept {
    if (to.parent == &self) {
        to.scopes.enter_bare(inside);
        return to.scopes.empty();
    }
    if (!self.scopes.has_opened_none(inside)) return false;
    if (self.parent == &to) return true;
    if (!self.parent || self.parent != to.parent || &to == &self) return false;
    to.scopes.enter_bare(inside);
    return to.scopes.empty();
}

// Gives `value` and control to `to`; returns what is given back.
template <class Result, class Given>
[[gnu::always_inline]] inline Result hand_over(greenlet_block& to, crossing<Given>* value) {
    scheduler& s = scheduler::current();
    control& fiber = s.running();
    greenlet_block* self = fiber.greenlet;
    greenlet_block* target = &to;
    const bool plain = self && is_next_of_kin(*self, to, fiber.inside()) && to.expects == &tag_of<Given> &&
                       !self->forsaken() && !s.greenlets().tracer;
    if (!plain) [[unlikely]] {
        target = &arrange_switch(to, tag_of<Given>, tag_of<Result>);
        self = fiber.greenlet;
        if constexpr (std::is_same_v<crossing<Result>, crossing<Given>>)  // arrange_switch() refuses all else
            if (target == self) return take<Result>(value);
    }
    self->expects = &tag_of<Result>;
    target->incoming = value;
    s.change_greenlet(*self, *target);
    return receive<Result>(*self);
}

template <class Result, class Given>
[[gnu::always_inline]] inline Result give(greenlet_block& to, std::add_lvalue_reference_t<Given> value) {
    if constexpr (std::is_reference_v<Given>) {
        auto pointer = &value;
        return hand_over<Result, Given>(to, &pointer);
    } else {
        return hand_over<Result, Given>(to, &value);
    }
}

// --- for generators: a parent for as long as one value takes ---

[[noreturn]] void refuse_to_lend(const greenlet_block& one);
[[noreturn]] void refuse_to_yield();

// Makes the running greenlet the parent of one that has none. Without a reference: the one who waits in here cannot go
// away, and a suspended generator must not hold whoever asked it last. Throws std::logic_error.
class lent_parent {
  public:
    [[gnu::always_inline]] explicit lent_parent(greenlet_block& one) : one_(one) {
        scheduler& s = scheduler::current();
        greenlet_block* self = s.running().greenlet;
        if (!self) [[unlikely]] self = &running_greenlet("a generator is asked");
        if (one.parent || one.home != &s) [[unlikely]] refuse_to_lend(one);
        one.parent = self;
        one.parent_is_lent = true;
    }
    [[gnu::always_inline]] ~lent_parent() {
        if (!one_.parent_is_lent) [[unlikely]] return;  // somebody has given it another
        one_.parent = nullptr;
        one_.parent_is_lent = false;
    }
    lent_parent(const lent_parent&) = delete;
    lent_parent& operator=(const lent_parent&) = delete;

  private:
    greenlet_block& one_;
};

// --- for greenlets ---

[[noreturn]] void refuse_to_leave_root();

[[gnu::always_inline]] inline greenlet_block& parent_of_running() {
    greenlet_block* self = scheduler::current().running().greenlet;
    if (!self || !self->parent) [[unlikely]] refuse_to_leave_root();
    return *self->parent;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// Raw switching: flows of control with stacks of their own that hand values and control to each other, as the greenlet
// package has them for Python. The hub knows nothing of them, and nothing runs unless somebody switches to it.
#pragma once

#include <green/base/check.h>
#include <green/base/counted_ptr.h>
#include <green/base/function.h>
#include <green/context/stack.h>
#include <green/hub/cancellation.h>
#include <green/fiber/greenlet_block.h>
#include <green/fiber/greenlet_switch.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace green {

// Thrown at a switch that was to bring a value, when the greenlet whose end it brings ended by greenlet_exit.
class greenlet_ended : public std::runtime_error {
  public:
    explicit greenlet_ended(const std::string& name)
        : runtime_error("green: greenlet \"" + name +
                        "\" ended by greenlet_exit, without the value that was waited for") {}
};

// A shared handle to a greenlet, whatever its types; copies name the same one. When the last handle of a suspended
// greenlet goes, greenlet_exit is thrown into it, so that its stack is unwound, and the dropper continues; any other
// error that comes out of it is reported on standard error. Handles may be copied and dropped on any thread: on another
// than its own the unwinding happens over there a little later. All else is for the greenlet's own thread.
//
// A child's link to its parent counts as a handle of the parent. So one whose only child is known to nobody but its
// own stack is not unwound before its thread ends.
class greenlet_handle {
  public:
    greenlet_handle() = default;  // names none; only valid(), comparison and assignment are allowed, the rest aborts

    bool valid() const noexcept { return block_.get() != nullptr; }
    // It has begun to run, and may have ended since.
    bool started() const noexcept { return checked_block().started; }
    // It has returned, or was ended by an exception. Any thread.
    bool dead() const noexcept { return checked_block().ended.load(std::memory_order_acquire); }
    // Any thread.
    std::string name() const { return checked_block().label(); }
    std::uint64_t id() const noexcept { return checked_block().id; }

    // To whom its result or its error goes at its end. Not valid for the root greenlet of a fiber.
    greenlet_handle parent() const noexcept;
    // Moves it, with all that descend from it, below another greenlet; in doing so from one fiber to another. Throws
    // std::logic_error for a cycle, for the root of a fiber, for one that another fiber is running at the moment, and
    // for a parent of another thread.
    void set_parent(const greenlet_handle& parent) const {
        detail::set_parent(checked_block(), parent.checked_block());
    }

    // Gives a value of exactly the type that it takes to a greenlet whose types are not known here, as to the root of a
    // fiber. See greenlet::switch_to().
    template <class Result = void, class Value>
    [[gnu::always_inline]] Result switch_to(Value value) const {
        return detail::give<Result, Value>(checked_block(), value);
    }
    template <class Result = void>
    [[gnu::always_inline]] Result switch_to() const {
        return detail::hand_over<Result, void>(checked_block(), nullptr);
    }
    // See greenlet::throw_into().
    template <class Result = void>
    detail::maybe<Result> throw_into(std::exception_ptr error = nullptr) const {
        detail::greenlet_block& self = detail::throw_at(checked_block(), std::move(error), &detail::tag_of<Result>);
        return detail::receive_if_any<Result>(self);
    }
    template <class Result = void, class Exception>
        requires(!std::convertible_to<Exception, std::exception_ptr>)
    detail::maybe<Result> throw_into(Exception error) const {
        return throw_into<Result>(std::make_exception_ptr(std::move(error)));
    }

    bool operator==(const greenlet_handle&) const noexcept = default;

    // For the rooms of the runtime: a handle that takes over a reference.
    explicit greenlet_handle(detail::greenlet_block& b) noexcept : block_(b) {}
    detail::greenlet_block* get_block() const noexcept { return block_.get(); }
    [[gnu::always_inline]] detail::greenlet_block& checked_block(
        std::source_location where = std::source_location::current()) const noexcept {
        detail::check(valid(), "an empty handle, which names no greenlet", where);
        return *block_;
    }

  protected:
    detail::counted_ptr<detail::greenlet_block> block_;
};

// What may be said about a greenlet when it is created.
struct greenlet_options {
    std::string name{};                                         // empty: "greenlet-N"
    // 16 KiB to 1 GiB, rounded up to whole pages. Below it a quarter as much, up to 64 KiB, is kept out of reach, so
    // that an overflow is found and named. A function with larger arrays may skip that, unless it is compiled with
    // -fstack-clash-protection.
    std::size_t stack_size_bytes = detail::default_stack_bytes;
    greenlet_handle parent{};                                   // not valid: the running greenlet
};

// The greenlet that runs on this thread: that of the running fiber, or the root greenlet of a fiber that uses none,
// which is the fiber's own stack. Does not park. Throws std::logic_error inside a hub callback.
greenlet_handle current_greenlet();

// Gives `value` and control to the parent of the running greenlet, and returns what somebody gives back: a Result. It
// is what `yield` is to a generator. Same errors as greenlet::switch_to(); std::logic_error for the root of a fiber,
// which has no parent.
//
//     std::string line = green::switch_to_parent<std::string>(42);
template <class Result = void, class Value>
[[gnu::always_inline]] inline Result switch_to_parent(Value value);
template <class Result = void>
[[gnu::always_inline]] inline Result switch_to_parent();

namespace detail {

greenlet_block& parent_for(const greenlet_options& options);

// The function of one greenlet, and its result from its end until the parent has taken it.
template <class Out, class In, class F>
class greenlet_function final : public greenlet_block {
  public:
    greenlet_function(greenlet_block* creator, const greenlet_options& options, F&& f)
        : greenlet_block(creator, options.name, options.stack_size_bytes, tag_of<In>, tag_of<Out>),
          function_(std::move(f)) {}

    void* run() override {
        if constexpr (std::is_void_v<Out>) {
            call();
            return nullptr;
        } else if constexpr (std::is_reference_v<Out>) {
            return &result_.emplace(&call());
        } else {
            return &result_.emplace(call());
        }
    }
    void discard_callable() noexcept override { function_.reset(); }
    void discard_result() noexcept override { result_.reset(); }

  private:
    decltype(auto) call() {
        if constexpr (std::is_void_v<In>) {
            receive<void>(*this);
            return call_function(*function_);
        } else {
            return call_function(*function_, receive<In>(*this));
        }
    }

    std::optional<F> function_;
    std::optional<crossing<Out>> result_;
};

template <class Out, class In>
struct takes {
    template <class F>
    static constexpr bool by = std::is_invocable_r_v<Out, F&, In>;
};
template <class Out>
struct takes<Out, void> {
    template <class F>
    static constexpr bool by = std::is_invocable_r_v<Out, F&>;
};

// greenlet<Out(In)> by its parts.
template <class Out, class In>
class typed_greenlet : public greenlet_handle {
    static_assert(!std::is_rvalue_reference_v<Out> && !std::is_rvalue_reference_v<In>,
                  "values cross from stack to stack; an rvalue reference would dangle");
    using given = std::conditional_t<std::is_void_v<In>, nothing, std::remove_cv_t<In>>;

  public:
    using result_type = Out;

    typed_greenlet() = default;
    template <class F>
        requires(takes<Out, In>::template by<std::decay_t<F>> && !std::derived_from<std::decay_t<F>, greenlet_handle>)
    explicit typed_greenlet(F&& f) : typed_greenlet(greenlet_options{}, std::forward<F>(f)) {}
    template <class F>
        requires(takes<Out, In>::template by<std::decay_t<F>>)
    typed_greenlet(const greenlet_options& options, F&& f)
        : typed_greenlet(&parent_for(options), options, std::forward<F>(f)) {}
    // For the rooms of the runtime: `parent` may be null.
    template <class F>
    typed_greenlet(greenlet_block* parent, const greenlet_options& options, F&& f)
        : greenlet_handle(*new greenlet_function<Out, In, std::decay_t<F>>(parent, options,
                                                                           std::decay_t<F>(std::forward<F>(f)))) {}

    template <class Result = Out>
        requires(!std::is_void_v<In>)
    [[gnu::always_inline]] Result switch_to(given value) const {
        return give<Result, In>(checked_block(), value);
    }
    template <class Result = Out>
        requires(std::is_void_v<In>)
    [[gnu::always_inline]] Result switch_to() const {
        return hand_over<Result, In>(checked_block(), nullptr);
    }

    template <class Result = Out>
    maybe<Result> throw_into(std::exception_ptr error = nullptr) const {
        return greenlet_handle::throw_into<Result>(std::move(error));
    }
    template <class Result = Out, class Exception>
        requires(!std::convertible_to<Exception, std::exception_ptr>)
    maybe<Result> throw_into(Exception error) const {
        return greenlet_handle::throw_into<Result>(std::move(error));
    }
};

template <class Signature>
struct typed_greenlet_of;
template <class Out, class In>
struct typed_greenlet_of<Out(In)> {
    using type = typed_greenlet<Out, In>;
};
template <class Out>
struct typed_greenlet_of<Out()> {
    using type = typed_greenlet<Out, void>;
};

}  // namespace detail

// A function that runs on a stack of its own when somebody switches to it, and stands still when it switches away.
//
//     green::greenlet<void(std::string_view)> grep([](std::string_view line) {
//         for (;;) {
//             if (line.find("green") != line.npos) std::cout << line << '\n';
//             line = green::switch_to_parent<std::string_view>();
//         }
//     });
//     grep.switch_to("not this one");      // the first value is the function's argument,
//     grep.switch_to("but green");         // later ones the result of the switch it waits in
//
// Creating one runs nothing. Its parent is the greenlet that created it unless another is named. When it ends, its
// result or what it threw goes to the parent, whoever that is by then, and not to the last one who switched to it.
// Ending by greenlet_exit is a normal end without a value. Switching to a dead one delivers to its nearest live
// ancestor; when that is the running one, the value comes back at once. A parent that has never run is started by a
// result.
//
// Out(In): it takes In and gives Out, either of them void; values of types that can be moved, or references.
// A switcher gets what the next one who switches back to it gives, whoever that is. All values carry their types: one
// that does not fit is a std::logic_error, at the giver if he still lives, else at the taker.
//
// A greenlet runs as a part of the fiber that switches to it. When its code sleeps, reads or locks, that whole fiber
// parks; a kill or a cancellation of the fiber is thrown there, and travels from greenlet to parent. Locks and
// fiber-local values belong to the fiber, timeouts and cancel scopes to the greenlet that opened them, in force while
// it is active: running, or waiting for one that descends from it. One that descends from another fiber's root must be
// moved by set_parent(green::current_greenlet()) before it can be switched to.
//
// Creating one does not park. Throws std::invalid_argument for an impossible stack size, std::system_error (ENOMEM) or
// std::bad_alloc when there is no memory for it.
template <class Signature>
class greenlet : public detail::typed_greenlet_of<Signature>::type {
  public:
    using base = typename detail::typed_greenlet_of<Signature>::type;
    using base::base;

    // Out switch_to(In value): gives value and control to it, and returns what somebody gives back to the running
    // greenlet. With another type than Out, when another than this one will answer: switch_to<int>(value). Throws
    //   - what it threw, when it ends by that and the running greenlet is its parent,
    //   - greenlet_ended when a value was waited for and it ended by greenlet_exit,
    //   - what was thrown at the running greenlet meanwhile by throw_into(),
    //   - std::logic_error, with nothing changed, when it belongs to another fiber or thread, when a type does not fit,
    //     and inside a hub callback.
    //
    // std::optional<Out> throw_into(std::exception_ptr error = nullptr): throws that, or greenlet_exit, at the switch
    // that it waits in. One that has not started ends by it without running a line. Returns what is given back, or
    // nothing for an end by greenlet_exit (for a void Out: true or false). Takes an exception_ptr or an exception.
};

template <class Result, class Value>
[[gnu::always_inline]] inline Result switch_to_parent(Value value) {
    return detail::give<Result, Value>(detail::parent_of_running(), value);
}
template <class Result>
[[gnu::always_inline]] inline Result switch_to_parent() {
    return detail::hand_over<Result, void>(detail::parent_of_running(), nullptr);
}

}  // namespace green

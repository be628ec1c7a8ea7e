// SPDX-License-Identifier: BSL-1.0
// Starting fibers.
#pragma once

#include <green/base/function.h>
#include <green/fiber/fiber.h>
#include <green/fiber/local.h>
#include <green/fiber/scheduler.h>

#include <functional>
#include <tuple>
#include <typeinfo>

namespace green {

// What may be said about a fiber when it is spawned.
struct fiber_options {
    std::string name{};                                         // empty: "fiber-N"
    // 16 KiB to 1 GiB, rounded up to whole pages. Below it a quarter as much, up to 64 KiB, is kept out of reach, so
    // that an overflow is found and named. A function with larger arrays may skip that, unless it is compiled with
    // -fstack-clash-protection.
    std::size_t stack_size_bytes = detail::default_stack_bytes;
    // The fiber runs inside the call of spawn(), until it first parks, yields or ends; only then does its spawner go on,
    // before all that is ready. Of many that end soon few are alive at a time, and their stacks are used again while
    // they are in the caches. Without effect on spawn_after() and spawn_on(), and in hub callbacks and tasks.
    bool eager_start = false;
};

namespace detail {

// Where spawn() puts the new fiber: when it starts, and inside which cancel scope.
struct placement {
    time_point start = time_point::min();
    scope* inside = nullptr;
};

// Gives the new fiber its name and what it inherits, and makes it ready, now or at `where.start`. Throws
// std::bad_alloc before anything is started.
void prepare_and_start(scheduler& s, control& fiber, const fiber_options& options, const placement& where);
// A block for a fiber of another hub, with its name and what it inherits from whoever runs here.
control& create_for(hub& target, control::carrier carry, const fiber_options& options);

// f(args...) with copies of both, to be called once.
template <class F, class... Args>
struct bound_call {
    F f;
    std::tuple<Args...> args;
    decltype(auto) operator()() {
        return std::apply(
            [this](auto&... each) -> decltype(auto) { return std::invoke(std::move(f), std::move(each)...); }, args);
    }
};

// Of what a fiber calls, what its user gave: for messages.
template <class Callable>
struct given_callable {
    using type = Callable;
};
template <class F, class... Args>
struct given_callable<bound_call<F, Args...>> {
    using type = F;
};

// The function to run and its arguments, and what to do with them. One instantiation per callable type.
template <class Callable>
class carried {
  public:
    using result = function_result<Callable&>;

    static const char* carry(control& c, control::request asked) {
        switch (asked) {
            case control::request::run:
                if constexpr (std::is_void_v<result>)
                    callable_of(c)();
                else
                    result_slot<stored_result<result>>::fill(c, callable_of(c));
                c.ending = true;  // its destructor is past cancellation
                discard_callable(c);
                break;
            case control::request::discard_callable:
                discard_callable(c);
                break;
            case control::request::discard_result:
                if constexpr (!std::is_void_v<result>) result_slot<stored_result<result>>::discard(c);
                break;
            case control::request::name_callable:
                return typeid(typename given_callable<Callable>::type).name();
        }
        return nullptr;
    }

  private:
    static Callable& callable_of(control& c) noexcept { return *static_cast<Callable*>(c.callable); }
    static void discard_callable(control& c) noexcept {
        if (c.on_slab)
            callable_of(c).~Callable();
        else
            delete &callable_of(c);
        c.callable = nullptr;
    }
};

// f(args...) can be called with copies of both. What tells a function from the options that may stand in front of it.
template <class F, class... Args>
concept makes_fiber = std::invocable<std::decay_t<F>&, std::decay_t<Args>&...> ||
                      std::invocable<std::decay_t<F>, std::decay_t<Args>...>;

template <class F, class... Args>
auto bind(F&& f, Args&&... args) {
    if constexpr (sizeof...(Args) == 0) {
        return std::decay_t<F>(std::forward<F>(f));
    } else {
        return bound_call<std::decay_t<F>, std::decay_t<Args>...>{
            std::forward<F>(f), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
    }
}

template <class Callable>
auto spawn_here(const fiber_options& options, const placement& where, Callable callable) {
    using type = carried<Callable>;
    scheduler& s = scheduler::current();
    control& c = s.create_fiber(&type::carry, options.stack_size_bytes, sizeof(Callable),
                                std::max<std::size_t>(alignof(Callable), 16));
    try {
        new (c.callable) Callable(std::move(callable));
        try {
            if (!has_extras(options.name) && where.start == time_point::min()) [[likely]] {
                if (where.inside) c.move_into(where.inside);
                s.start(c, options.eager_start);
            } else {
                prepare_and_start(s, c, options, where);
            }
        } catch (...) {
            static_cast<Callable*>(c.callable)->~Callable();
            throw;
        }
    } catch (...) {
        s.destroy_unstarted(c);
        throw;
    }
    return make_fiber_handle<typename type::result>(c);
}

template <class Callable>
auto spawn_there(hub& target, const fiber_options& options, Callable callable) {
    using type = carried<Callable>;
    auto owned = std::make_unique<Callable>(std::move(callable));
    control& c = create_for(target, &type::carry, options);
    c.callable = owned.release();
    auto handle = make_fiber_handle<typename type::result>(c);
    scheduler::start_remotely(c);
    return handle;
}

}  // namespace detail

// Starts a fiber that calls f(args...) and returns a handle to it. It does not run before the caller parks or
// yields; fibers start in the order in which they were spawned. (An eager one does, see fiber_options.) f and args are
// copied or moved into the fiber; pass std::ref for a reference. A coroutine does not compile: it goes to coro::spawn.
// Does not park. Throws std::invalid_argument for an impossible stack size, std::system_error (ENOMEM) or
// std::bad_alloc when there is no memory for it; then nothing was started.
template <class F, class... Args>
    requires detail::makes_fiber<F, Args...>
auto spawn(F&& f, Args&&... args) {
    return detail::spawn_here(fiber_options{}, {}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}
template <class F, class... Args>
auto spawn(const fiber_options& options, F&& f, Args&&... args) {
    return detail::spawn_here(options, {}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}

// The same, not before `d` has passed. A kill before that ends it without running.
template <class F, class... Args>
    requires detail::makes_fiber<F, Args...>
auto spawn_after(duration d, F&& f, Args&&... args) {
    return spawn_after(d, fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
}
template <class F, class... Args>
auto spawn_after(duration d, const fiber_options& options, F&& f, Args&&... args) {
    return detail::spawn_here(options, {.start = hub::current().deadline_after(d)},
                              detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}

// The same on another thread's hub, from any thread. The new fiber gets its stack over there: when there is no
// memory for it, or the stack size is impossible, the fiber ends with that error. When that thread has ended, or ends
// before it gets to the fiber, the fiber ends with std::system_error (no_such_process) and f never runs.
template <class F, class... Args>
    requires detail::makes_fiber<F, Args...>
auto spawn_on(hub& target, F&& f, Args&&... args) {
    return detail::spawn_there(target, fiber_options{}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}
template <class F, class... Args>
auto spawn_on(hub& target, const fiber_options& options, F&& f, Args&&... args) {
    return detail::spawn_there(target, options, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Calling what was given as a function, and refusing a coroutine there: calling that only makes a task, which nobody
// would run.
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace green::detail {

template <class T>
concept a_task = requires { typename std::remove_cvref_t<T>::green_task; };

template <class Result>
struct result_of_call {
    static_assert(!a_task<Result>,
                  "green: this coroutine would never run here: give it to the call of the same name in green::coro, or "
                  "to coro::spawn(), or call it in a function that runs it with green::block_on()");
    using type = Result;
};

// What f(args...) gives. Does not compile when that is a task.
template <class F, class... Args>
using function_result = typename result_of_call<std::invoke_result_t<F, Args...>>::type;

template <class F, class... Args>
[[gnu::always_inline]] inline function_result<F, Args...> call_function(F&& f, Args&&... args) {
    return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
}

// A std::function that takes no coroutine; which one that returns void would swallow.
template <class Signature>
class kept_function;
template <class Result, class... Args>
class kept_function<Result(Args...)> : public std::function<Result(Args...)> {
    using base = std::function<Result(Args...)>;

  public:
    kept_function() = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, kept_function> && std::constructible_from<base, F>)
    kept_function(F&& f) : base(std::forward<F>(f)) {
        if constexpr (std::invocable<std::decay_t<F>&, Args...>)
            static_cast<void>(sizeof(result_of_call<std::invoke_result_t<std::decay_t<F>&, Args...>>));
    }
};

}  // namespace green::detail

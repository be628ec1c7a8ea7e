// SPDX-License-Identifier: BSL-1.0
// Deadlines for stretches of code.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/sync/cancel_scope.h>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace green {

// A cancel scope that cancels itself when its time is up.
//
//     green::timeout t(5s);
//     try {
//         answer = ask(server);
//     } catch (const green::cancelled& request) {
//         if (!t.owns(request)) throw;                // an outer timeout, or a task group's
//         answer = "no answer";
//     }
//
// It matches by identity: an outer timeout passes through inner ones, and stays armed when an inner one fires. Of
// two that are due at once the outer wins. Only waits are cut short: a fiber that computes past its deadline gets
// `cancelled` at its next wait that has to wait. Same rules of use as cancel_scope.
class timeout : public cancel_scope {
  public:
    // Zero or less: at the next pass of the hub. No value, or a duration too long for the clock: never. Counts from
    // now, however long the fiber has computed.
    explicit timeout(std::optional<duration> d);
    // At a given moment.
    static options at(time_point deadline) noexcept { return {.deadline = deadline}; }
    explicit timeout(const options& o) : cancel_scope(o) {}

    // It cut a wait short.
    bool expired() const noexcept { return is_cancelled(); }
};

// Calls f() for at most `d` (see timeout). Its result, or an empty optional when this timeout and no other cut it
// short; for a void f whether it returned. Parks as f does; throws what f throws.
//
//     if (auto page = green::with_timeout(3s, [&] { return fetch(url); })) store(*page);
template <class F>
auto with_timeout(std::optional<duration> d, F&& f) {
    using result = detail::function_result<F>;
    timeout t(d);
    try {
        if constexpr (std::is_void_v<result>) {
            std::invoke(std::forward<F>(f));
            return true;
        } else {
            return std::optional<std::decay_t<result>>(std::invoke(std::forward<F>(f)));
        }
    } catch (const cancelled& request) {
        if (!t.owns(request)) throw;
    }
    if constexpr (std::is_void_v<result>)
        return false;
    else
        return std::optional<std::decay_t<result>>();
}

// The same as co_await.
namespace coro {
template <class T>
auto with_timeout(std::optional<duration> d, task<T> body)
    -> task<std::conditional_t<std::is_void_v<T>, bool, std::optional<std::decay_t<T>>>> {
    timeout t(d);
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(body);
            co_return true;
        } else {
            co_return co_await std::move(body);
        }
    } catch (const cancelled& request) {
        if (!t.owns(request)) throw;
    }
    if constexpr (std::is_void_v<T>)
        co_return false;
    else
        co_return std::nullopt;
}
}  // namespace coro

}  // namespace green

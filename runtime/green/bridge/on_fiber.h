// SPDX-License-Identifier: BSL-1.0
// A task has a function called that waits as a fiber does.
#pragma once

#include <green/base/function.h>
#include <green/coro/task.h>
#include <green/fiber/spawn.h>
#include <green/hub/agent_handle.h>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace green {

namespace detail {
// Whether whoever runs has a stack of its own to park on.
bool may_park() noexcept;
// Waits for the end of a fiber that refers to what is the caller's. When that wait is cut short, kills the fiber, waits
// for its end all the same, and throws what cut the wait short.
coro::task<void> see_to_the_end(fiber_handle helper);
}  // namespace detail

namespace coro {

// Awaits f(), which may park: a user's callback, a library that knows no tasks. Gives what it returns, throws what it
// throws.
//
//     std::string line = co_await green::coro::on_fiber([&] { return read_line(stream); });
//
// In a task of its own, f runs on a fiber that is spawned for it; in one that a fiber runs (block_on) it is called
// where it stands, and parks that fiber. What cancels the task kills the fiber, and goes on when that has ended: f may
// refer to the caller's objects. What it throws or returns then is lost; an error is reported as that of any fiber.
//
// A reference that f returns is handed on; what it refers to must outlive f.
template <class F>
task<std::invoke_result_t<F&>> on_fiber(F f) {
    using result = detail::function_result<F&>;
    static_assert(!std::is_rvalue_reference_v<result>, "what goes away is to be returned by value");
    if (detail::may_park()) co_return std::invoke(f);
    std::conditional_t<std::is_void_v<result>, bool, std::optional<detail::stored_result<result>>> value{};
    auto run = [&f, &value] {
        if constexpr (std::is_void_v<result>) {
            std::invoke(f);
            value = true;
        } else {
            value.emplace(std::invoke(f));
        }
    };
    const green::fiber<void> helper = green::spawn(run);
    co_await detail::see_to_the_end(helper);
    if (auto error = helper.error()) std::rethrow_exception(error);
    if (!value) throw no_result("fiber", helper.name());
    if constexpr (!std::is_void_v<result>) co_return static_cast<result&&>(*value);
}

}  // namespace coro

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Waiting for the time to pass, twin of fiber/sleep.h.
#pragma once

#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/hub/sleep_operation.h>

#include <coroutine>

namespace green::detail {

// Puts the task behind all that is ready, or waits until `deadline` when that is after `min`.
class [[nodiscard]] yield_awaiter {
  public:
    bool await_ready() const noexcept { return false; }
    template <carried_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const {
        return self.promise().carried_by->yield(self);
    }
    void await_resume() const {
        if (current_agent->may_be_cancelled()) [[unlikely]] runner::look_again_after_yield();
    }
};

}  // namespace green::detail

namespace green::coro {

// co_await: waits until `deadline`, never less. Throws cancellation.
inline auto sleep_until(time_point deadline) {
    return detail::plain_awaiter<detail::sleep_operation>({}, deadline);
}
// co_await: waits for `d`, never less; a time that is not positive is the same as yield().
inline auto sleep(duration d) {
    return sleep_until(add(hub::current().now(), d));
}
// co_await: lets all that is ready run first. Throws cancellation.
inline auto yield() noexcept {
    return detail::yield_awaiter();
}

}  // namespace green::coro

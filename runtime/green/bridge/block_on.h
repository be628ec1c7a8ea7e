// SPDX-License-Identifier: BSL-1.0
// A fiber runs a task to its end.
#pragma once

#include <green/base/check.h>
#include <green/coro/join_handle.h>
#include <green/coro/runner.h>
#include <green/coro/task.h>
#include <green/hub/agent.h>

#include <utility>

namespace green {

namespace detail {
// Throws std::logic_error unless the running agent has a stack to park.
agent& running_stackful(const char* call);
}  // namespace detail

// Runs a task on the calling fiber and returns what it returns, or throws what it throws. The task is a part of the
// fiber: where it awaits, the fiber parks; what cancels the fiber, or cuts it short, is thrown in the task.
//
//     int main() { return green::block_on(answer()); }
//
// Parks as the task does. Throws std::logic_error in a task or a hub callback, where nothing may park: there it is
// co_await.
template <class T>
T block_on(coro::task<T> body) {
    detail::agent& who = detail::running_stackful("block_on");
    auto frame = body.release();
    struct owner {
        ~owner() { frame.destroy(); }
        std::coroutine_handle<> frame;
    } owns{frame};
    detail::runner chain(who.model, frame);
    frame.promise().carried_by = &chain;
    chain.run();
    detail::check(frame.done(), "a task that a fiber runs was suspended by something that is not green's");
    return frame.promise().take();
}

// Parks until a spawned task has ended; returns its result, or throws what it threw.
template <class T>
decltype(auto) block_on(const coro::join_handle<T>& handle) {
    return block_on([](coro::join_handle<T> of) -> coro::task<std::add_lvalue_reference_t<std::remove_reference_t<T>>> {
        co_return co_await of.get();
    }(handle));
}
// The same from a handle that goes away: the result is moved out.
template <class T>
T block_on(coro::join_handle<T>&& handle) {
    return block_on([](coro::join_handle<T> of) -> coro::task<T> { co_return co_await std::move(of).get(); }(
        std::move(handle)));
}

}  // namespace green

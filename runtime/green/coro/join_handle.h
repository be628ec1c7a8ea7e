// SPDX-License-Identifier: BSL-1.0
// Handles to spawned tasks, twins of fiber/fiber.h.
#pragma once

#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/coro/spawned.h>
#include <green/hub/agent_handle.h>
#include <green/hub/cancellation.h>
#include <green/hub/hub.h>
#include <green/hub/join.h>

#include <exception>
#include <type_traits>
#include <utility>

namespace green::coro {

// A shared handle to a task, whatever its result; see agent_handle for what needs no waiting.
class task_handle : public agent_handle {
  public:
    using agent_handle::agent_handle;

    // co_await: waits until the task has ended, however it ended. Never rethrows what the task threw. Throws
    // std::system_error (resource_deadlock_would_occur) when a task joins itself.
    auto join() const { return detail::plain_awaiter<detail::join_operation>(detail::end_of(checked_agent())); }
    // The same until `deadline`, or for at most `d`; gives false when it still runs.
    auto join_until(time_point deadline) const {
        return detail::until_awaiter<detail::join_operation>(detail::end_of(checked_agent()), deadline);
    }
    auto join_for(duration d) const { return join_until(hub::current().deadline_after(d)); }

    // co_await: kill_soon(), and waits until the task has ended. Never throws what the victim throws.
    auto kill(std::exception_ptr reason = nullptr) const {
        kill_soon(std::move(reason));
        return join();
    }
};

// A handle to a task that returns T.
//
//     green::coro::join_handle<int> answer = green::coro::spawn(compute());
//     int n = co_await answer.get();
template <class T>
class join_handle : public task_handle {
    using block = detail::spawned_task<T>;

    // Keeps the handle, so that the result outlives a handle that goes during the wait.
    template <class Result>
    class [[nodiscard]] get_awaiter : public detail::operation_awaiter<detail::join_operation> {
      public:
        explicit get_awaiter(join_handle from)
            : operation_awaiter(detail::end_of(from.checked_agent())), from_(std::move(from)) {}
        Result await_resume() {
            operation_awaiter::await_resume();
            return static_cast<std::add_rvalue_reference_t<Result>>(from_.ended_result());  // a value is moved out
        }

      private:
        join_handle from_;
    };

  public:
    using task_handle::task_handle;

    // co_await: waits until the task has ended; gives its result, or throws what it threw, or no_result when it was
    // killed (of a void task that is a normal end). May be called by several and again. The reference is valid as long
    // as a handle is.
    auto get() const& { return get_awaiter<std::add_lvalue_reference_t<std::remove_reference_t<T>>>(*this); }
    // The same from a handle that goes away: the result is moved out.
    auto get() && { return get_awaiter<T>(std::move(*this)); }

    // For the rooms of the runtime: what get() gives, of one that has ended.
    std::add_lvalue_reference_t<std::remove_reference_t<T>> ended_result() const {
        this->rethrow();
        if constexpr (!std::is_void_v<T>) {
            if (!this->agent_->has_result) throw no_result("task", this->name());
            return static_cast<block&>(*this->agent_).result();
        }
    }
};

}  // namespace green::coro

// SPDX-License-Identifier: BSL-1.0
// The block of a spawned task, twin of fiber/control.h: everything the runtime knows of it, apart from its frames.
#pragma once

#include <green/coro/runner.h>
#include <green/coro/task.h>
#include <green/hub/agent.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace green::detail {

// Life of a task:
//
//     unstarted ---> running <---> parked (waiting()) or in the ready queue
//         |             |
//         `---- kill ---+--> ended: its frames are gone, the block stays for its handles
//
// It runs on the hub's own context, one step at a time, and returns there whenever it is suspended.
class spawned : public agent {
  public:
    // Makes it ready, on its hub's thread.
    void start() noexcept;

  protected:
    spawned(hub& home, std::coroutine_handle<> body, runner*& carried_by) noexcept;
    virtual ~spawned() = default;

  private:
    friend class runner;
    static const agent_model model_of_tasks;
    static void arrive(runnable& self) noexcept;
    static void resume(runnable& self) noexcept;
    void end() noexcept;
    // Takes what the body returned out of its promise; throws what it threw.
    virtual void take_result() = 0;

    runner chain_;
    std::coroutine_handle<> body_;
};

template <class T>
class spawned_task final : public spawned {
    using stored = std::conditional_t<std::is_void_v<T>, std::monostate,
                                      std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<T>>>;

  public:
    spawned_task(hub& home, std::coroutine_handle<task_promise<T>> body) noexcept
        : spawned(home, body, body.promise().carried_by), promise_(body.promise()) {}

    // Valid once it has_result.
    std::add_lvalue_reference_t<std::remove_reference_t<T>> result() noexcept
        requires(!std::is_void_v<T>)
    {
        return *result_;
    }

  private:
    void take_result() override {
        if constexpr (std::is_void_v<T>)
            promise_.take();
        else if constexpr (std::is_reference_v<T>)
            result_ = std::addressof(promise_.take());
        else
            result_.emplace(promise_.take());
        has_result = true;
    }

    task_promise<T>& promise_;
    [[no_unique_address]] stored result_{};
};

}  // namespace green::detail

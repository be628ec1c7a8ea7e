// SPDX-License-Identifier: BSL-1.0
// What carries a chain of coroutines, each awaiting the next: which one goes on, and whose waits they are.
#pragma once

#include <green/coro/recycled.h>
#include <green/coro/trampoline.h>
#include <green/hub/agent.h>

#include <concepts>
#include <coroutine>

namespace green::detail {

class loop;

// Of a spawned task, a part of its block; of a task that a fiber runs to its end (bridge/block_on.h), on that
// fiber's stack. Every promise of the chain knows it.
class runner : public trampoline {
  public:
    // Carried by a fiber or a task: whichever the model is of.
    runner(const agent_model& model, std::coroutine_handle<> first) noexcept
        : trampoline(first), has_stack(model.park != nullptr) {}

    // Whose waits they are, while one of the chain runs: current_agent, got at faster.
    inline agent& who() noexcept;

    // For await_suspend() of a spawned task that is not to go on now: straight to the next one that is, or back to the
    // hub when something else is next, or the kernel should be asked.
    std::coroutine_handle<> leave() noexcept;
    // The same for one that could go on, and goes behind all that is ready. Once it runs again: expire_scopes().
    std::coroutine_handle<> go_behind() noexcept;

    // For await_suspend(): the same, also on a fiber; throws cancellation.
    std::coroutine_handle<> yield(std::coroutine_handle<> self);
    [[gnu::cold]] static void look_again_after_yield();

    const bool has_stack;  // a fiber's: its waits park the fiber

  private:
    static bool next_is_task(loop& here, const runnable& next) noexcept;
    static bool next_is_new_task(loop& here, const runnable& next) noexcept;
    std::coroutine_handle<> go_behind_others() noexcept;
    [[gnu::cold]] std::coroutine_handle<> yield_unless_cancelled(std::coroutine_handle<> self);
    std::coroutine_handle<> go_to(runnable& next) const noexcept;
};

// A spawned task is both: what runs, and what carries it.
class task_agent : public agent, public runner, public recycled {
  protected:
    task_agent(hub& home, const agent_model& kind, runnable::function turn, std::coroutine_handle<> first) noexcept
        : agent(home, kind, turn), runner(kind, first) {}
    ~task_agent() = default;
};

inline agent& runner::who() noexcept {
    return has_stack ? *current_agent : static_cast<task_agent&>(*this);
}

// Of every coroutine type that may await green's operations.
class awaiting_promise : public recycled {
  public:
    runner* carried_by = nullptr;  // set before it is first resumed
};

template <class Promise>
concept carried_promise = std::derived_from<Promise, awaiting_promise>;

}  // namespace green::detail

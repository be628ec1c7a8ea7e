// SPDX-License-Identifier: BSL-1.0
// What carries a chain of coroutines, each awaiting the next: which one goes on, and whose waits they are.
#pragma once

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
    runner(agent& who, std::coroutine_handle<> first) noexcept
        : trampoline(first), who(who), has_stack(who.model.park != nullptr) {}

    // For await_suspend() of a spawned task that is not to go on now: straight to the next one that is, or back to the hub
    // when something else is next, or the kernel should be asked.
    std::coroutine_handle<> leave() noexcept;
    // The same for one that could go on, and goes behind all that is ready. Once it runs again: expire_scopes().
    std::coroutine_handle<> go_behind() noexcept;

    agent& who;
    const bool has_stack;  // a fiber's: its waits park the fiber

  private:
    static bool next_is_task(loop& here) noexcept;
    std::coroutine_handle<> go_to(runnable& next) const noexcept;
};

// Of every coroutine type that may await green's operations.
class awaiting_promise {
  public:
    runner* carried_by = nullptr;  // set before it is first resumed
};

template <class Promise>
concept carried_promise = std::derived_from<Promise, awaiting_promise>;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What carries a chain of coroutines, each awaiting the next: which one goes on, and whose waits they are.
#pragma once

#include <green/coro/trampoline.h>
#include <green/hub/agent.h>

#include <concepts>
#include <coroutine>

namespace green::detail {

// Of a spawned task, a part of its block; of a task that a fiber runs to its end (bridge/block_on.h), on that
// fiber's stack. Every promise of the chain knows it.
class runner : public trampoline {
  public:
    runner(agent& who, std::coroutine_handle<> first) noexcept : trampoline(first), who(who) {}

    agent& who;
};

// Of every coroutine type that may await green's operations.
class awaiting_promise {
  public:
    runner* carried_by = nullptr;  // set before it is first resumed
};

template <class Promise>
concept carried_promise = std::derived_from<Promise, awaiting_promise>;

}  // namespace green::detail

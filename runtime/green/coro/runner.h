// SPDX-License-Identifier: BSL-1.0
// What carries a chain of coroutines, each awaiting the next: whose waits they are, and which one goes on.
#pragma once

#include <green/hub/agent.h>

#include <coroutine>
#include <cstdint>

namespace green::detail {

// Of a spawned task, a part of its block; of a task that a fiber runs to its end (bridge/block_on.h), on that
// fiber's stack. Every promise of the chain knows it.
class runner {
  public:
    explicit runner(agent& who) noexcept : who(who) {}
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    // Resumes the innermost coroutine, until one parks or the first one of the chain has ended.
    void run() noexcept {
        do {
            bouncing_ = false;
            transfers_ = 0;
            innermost.resume();
        } while (bouncing_);
    }

    // For await_suspend(): goes on in `next` without growing the stack. Symmetric transfer is a tail call only where
    // the compiler makes it one (GCC: not below -O2, and not under sanitizers), so every so often it goes back to run().
    std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
        if (++transfers_ < most_transfers) [[likely]] return next;
        innermost = next;
        bouncing_ = true;
        return std::noop_coroutine();
    }

    agent& who;
    std::coroutine_handle<> innermost;  // valid while the chain does not run

  private:
    static constexpr std::uint8_t most_transfers = 64;
    std::uint8_t transfers_ = 0;
    bool bouncing_ = false;
};

// Of every coroutine type that may await green's operations.
class awaiting_promise {
  public:
    runner* carried_by = nullptr;  // set before it is first resumed
};

template <class Promise>
concept carried_promise = std::derived_from<Promise, awaiting_promise>;

}  // namespace green::detail

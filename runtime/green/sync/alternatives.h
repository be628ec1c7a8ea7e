// SPDX-License-Identifier: BSL-1.0
// Waiting for one of several operations: the inside of select() and wait_any().
#pragma once

#include <green/coro/awaiter.h>
#include <green/fiber/park.h>
#include <green/hub/waiter.h>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace green::detail {

// One of the operations. Lives on the waiting fiber's stack, with the node that its primitive holds.
class alternative {
  public:
    virtual bool enqueue(wait_node& node) = 0;
    virtual void withdraw(wait_node& node) noexcept = 0;

    std::size_t index = 0;          // what finish() calls it
    std::optional<wait_node> node;  // empty until it is enqueued

  protected:
    ~alternative() = default;
};

template <operation Operation>
class alternative_for : public alternative {
  public:
    explicit alternative_for(Operation op) : op_(std::move(op)) {}
    bool enqueue(wait_node& place) override { return op_.enqueue(place); }
    void withdraw(wait_node& place) noexcept override { op_.withdraw(place); }

  protected:
    ~alternative_for() = default;
    Operation op_;
};

// Waits until one of the alternatives is had; exactly one is, drawn at random when several are ready at once. It
// puts one waiter into several primitives, whose locks do not exclude each other, so everybody has to win the
// waiter by compare-and-swap: a primitive that chooses it, and the waiter itself before it takes what it finds
// ready (waiter::claim).
//
// finish() must be called after a wait that ended as ready: it leaves the other primitives.
class any_of_operation {
  public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    // Reorders `all`. `or_none`: when nothing is ready, be ready with none.
    any_of_operation(std::span<alternative*> all, bool or_none, const char* call) noexcept
        : all_(all), or_none_(or_none), call_(call) {}

    bool enqueue(wait_node& node);
    void withdraw(wait_node& node) noexcept;
    wait_reason reason() const noexcept { return {.call = call_}; }

    // The index of the alternative that was had, or none.
    std::size_t finish(waiter& self) noexcept;

  private:
    std::span<alternative*> all_;
    bool or_none_;
    const char* call_;
};

// On the running fiber: the index of the one that was had; `none` when `deadline` passed first, or nothing was ready
// and `or_none`. Parks; throws cancellation, and what enqueuing throws. Then nothing was taken.
std::size_t wait_for_any(any_of_operation op, time_point deadline);

// The same as co_await.
class [[nodiscard]] any_of_awaiter : public operation_awaiter<any_of_operation> {
  public:
    using operation_awaiter::operation_awaiter;
    std::size_t await_resume() {
        return operation_awaiter::await_resume() == outcome::ready ? op_.finish(*current_agent)
                                                                   : any_of_operation::none;
    }
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// The one door to sleep for coroutines, twin of fiber/park.h. Whatever suspends a coroutine until something happens
// goes through here.
//
// The way of a wait:
//
//     co_await perform(operation)    throws if the task is cancelled already
//       operation.enqueue(node)      can it be had at once? then it is not suspended. Else the primitive holds the node
//       enter_parking()              timer, scope; returns to the hub ... and is resumed by it
//       operation.withdraw(node)     only if nobody chose us: the primitive lets go of the node
//       throws, or returns ready / timed_out
//
// A coroutine that a fiber runs (bridge/block_on.h) waits as that fiber: the fiber parks, and the coroutine is never
// suspended.
#pragma once

#include <green/base/time.h>
#include <green/coro/runner.h>
#include <green/hub/operation.h>
#include <green/hub/parking.h>

#include <coroutine>
#include <utility>

namespace green::detail {

// co_await on it performs `op` and gives ready, or timed_out when `deadline` passed first; then it did not happen.
// Throws cancellation and what enqueue() throws.
template <operation Operation>
class [[nodiscard]] operation_awaiter {
  public:
    explicit operation_awaiter(Operation op, time_point deadline = never)
        : op_(std::forward<Operation>(op)), deadline_(deadline) {}

    bool await_ready() const noexcept { return false; }

    template <carried_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) {
        runner& chain = *self.promise().carried_by;
        agent& who = chain.who();
        if (who.needs_attention()) [[unlikely]] {
            if (!chain.has_stack && who.is_refused_for_good() && budget_is_spent())
                return suspend_as(state::refused, chain);
            who.model.throw_if_cancelled(who, op_.reason().call);
        }
        who.begin(op_.reason());
        if (had_at_once(op_, who)) {
            who.settle_without_waiting();
            if (!budget_is_spent()) [[likely]] return self;
            if (chain.has_stack) {
                who.model.yield(who);
                return self;
            }
            return suspend_as(state::behind_others, chain);
        }
        if (chain.has_stack) {
            result_ = who.model.park(who, deadline_);
            return self;
        }
        state_ = state::parked;
        enter_parking(who, deadline_);
        return chain.leave();
    }

    outcome await_resume() {
        agent& who = *current_agent;
        if (state_ == state::parked) result_ = leave_parking(who, deadline_);
        if (state_ == state::behind_others) expire_scopes(who);
        if (state_ == state::refused) who.model.throw_if_cancelled(who, op_.reason().call);
        if (result_ == outcome::ready) [[likely]] return result_;
        op_.withdraw(who.node());
        if (result_ == outcome::cancelled) who.model.throw_if_cancelled(who, op_.reason().call);
        return result_;
    }

  protected:
    [[no_unique_address]] Operation op_;

  private:
    enum class state : std::uint8_t { not_suspended, parked, behind_others, refused };

    static bool budget_is_spent() noexcept { return loop_of(*current_hub).budget_is_spent(); }

    // Without waiting. One that is refused and goes on trying must not keep the processor either.
    std::coroutine_handle<> suspend_as(state why, runner& chain) noexcept {
        state_ = why;
        return chain.go_behind();
    }

    time_point deadline_;
    outcome result_ = outcome::ready;
    state state_ = state::not_suspended;
};

// The co_await form of wait_for(operation, deadline). An operation that has state to be looked at afterwards is
// given as an lvalue and outlives the wait.
template <class Operation>
auto perform(Operation&& op, time_point deadline = never) {
    return operation_awaiter<Operation>(std::forward<Operation>(op), deadline);
}

// The same, giving true when it was had and false when the deadline passed first.
template <class Operation>
class [[nodiscard]] until_awaiter : public operation_awaiter<Operation> {
  public:
    using operation_awaiter<Operation>::operation_awaiter;
    bool await_resume() { return operation_awaiter<Operation>::await_resume() == outcome::ready; }
};

// The same without a deadline, giving nothing.
template <class Operation>
class [[nodiscard]] plain_awaiter : public operation_awaiter<Operation> {
  public:
    using operation_awaiter<Operation>::operation_awaiter;
    void await_resume() { operation_awaiter<Operation>::await_resume(); }
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// The one door to sleep for fibers. Whatever parks a fiber goes through wait_for(); its twin for coroutines is
// coro/awaiter.h.
//
// The way of a wait:
//
//     wait_for(operation)            throws if the fiber is cancelled already
//       operation.enqueue(node)      can it be had at once? then no wait. Else the primitive holds the node
//       scheduler::suspend()         timer, scope; switches to the next fiber ... and back
//       operation.withdraw(node)     only if nobody chose us: the primitive lets go of the node
//       throws, or returns ready / timed_out
#pragma once

#include <green/base/time.h>
#include <green/fiber/scheduler.h>
#include <green/hub/operation.h>

namespace green::detail {

// Takes one from the running fiber's budget, and yields when it is used up: a fiber whose waits never have to
// wait cannot starve the others.
inline void spend_turn(scheduler& s, control& self) noexcept {
    if (s.loop().budget_is_spent()) [[unlikely]] s.yield_and_expire_scopes(self);
}

// What both ways to wait do between their looks for a cancellation. Inlined, because every frame between a call and its
// park is more of the stack to bring into the caches when the fiber goes on.
template <operation Operation>
[[gnu::always_inline]] inline outcome wait_out(scheduler& s, control& self, Operation& op, time_point deadline) {
    self.begin(op.reason());
    if (had_at_once(op, self)) {
        self.settle_without_waiting();
        spend_turn(s, self);
        return outcome::ready;
    }
    const outcome result = s.suspend(self, deadline);
    if (result != outcome::ready) [[unlikely]] op.withdraw(self.node());
    return result;
}

// Beside the call of such an operation stands one that takes what is there, and never waits: try_put().
template <class Operation>
inline constexpr bool has_try_form = requires { requires Operation::has_try_form; };

// Performs `op` on the running fiber, parking while it cannot be had. Returns ready, or timed_out when
// `deadline` passed first; then it did not happen. Throws cancellation, would_block_forever, what enqueue()
// throws, and std::logic_error inside a hub callback, where nothing may park.
template <operation Operation>
[[gnu::always_inline]] inline outcome wait_for(scheduler& s, control& self, Operation& op, time_point deadline) {
    if (self.needs_attention()) [[unlikely]]
        self.throw_if_cancelled(op.reason().call, has_try_form<Operation>);
    const outcome result = wait_out(s, self, op, deadline);
    if (result == outcome::cancelled) [[unlikely]] self.throw_if_cancelled(op.reason().call);
    return result;
}
template <operation Operation>
[[gnu::always_inline]] inline outcome wait_for(Operation&& op, time_point deadline = never) {
    scheduler& s = scheduler::current();
    return wait_for(s, s.running(), op, deadline);
}

// The same for callers that no exception may cross, such as C. Cancellation is an outcome there, and stays due: the next
// wait_for() throws it. Nor may the operation throw.
template <operation Operation>
outcome wait_without_throwing(Operation&& op, time_point deadline = never) noexcept {
    scheduler& s = scheduler::current();
    control& self = s.running();
    if (self.needs_attention() && self.must_give_up()) [[unlikely]] {
        spend_turn(s, self);  // one that goes on trying must not keep the processor
        return outcome::cancelled;
    }
    return wait_out(s, self, op, deadline);
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What can be waited for. Every way to wait is one operation, and both models perform the same ones: fibers through
// wait_for() (fiber/park.h), coroutines through co_await (coro/awaiter.h).
#pragma once

#include <green/hub/waiter.h>

#include <concepts>

namespace green::detail {

// enqueue() takes what is wanted (true) or leaves the node with the primitive (false), atomically. withdraw() takes
// the node back after a timeout or a cancellation; the waiter is settled by then, so nobody can have chosen it.
// Neither parks. Only enqueue may throw, leaving nothing behind.
template <class T>
concept operation = requires(T op, wait_node& node) {
    { op.enqueue(node) } -> std::same_as<bool>;
    { op.withdraw(node) } noexcept;
    { op.reason() } -> std::convertible_to<wait_reason>;
};

// Tries to have it without waiting. When that throws, the wait that began is over as well: were it left pending, a
// kill would find the waiter waiting and wake it while it is in the ready queue already.
template <operation Operation>
bool had_at_once(Operation& op, waiter& self) {
    if constexpr (noexcept(op.enqueue(self.node()))) {
        return op.enqueue(self.node());
    } else {
        try {
            return op.enqueue(self.node());
        } catch (...) {
            self.settle_without_waiting();
            throw;
        }
    }
}

}  // namespace green::detail

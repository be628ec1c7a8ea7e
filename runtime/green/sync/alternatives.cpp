// SPDX-License-Identifier: BSL-1.0
#include <green/sync/alternatives.h>

#include <cstdint>
#include <utility>

namespace green::detail {

namespace {

// Fairness needs no good random numbers (xorshift64*, Vigna 2016). Each thread draws the same ones in each run.
[[gnu::noinline]] std::size_t draw_below(std::size_t bound) noexcept {
    thread_local constinit std::uint64_t state = 0x9E3779B97F4A7C15;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return static_cast<std::size_t>((state * 0x2545F4914F6CDD1D) >> 33) % bound;
}

}  // namespace

bool any_of_operation::enqueue(wait_node& node) {
    waiter& self = *node.owner;
    self.set_has_alternatives(true);
    for (std::size_t left = all_.size(); left > 0; --left) {
        std::swap(all_[left - 1], all_[draw_below(left)]);
        alternative& next = *all_[left - 1];
        next.node.emplace(self);
        try {
            if (next.enqueue(*next.node)) return true;
        } catch (...) {  // after it had claimed the waiter, so nobody else has
            withdraw(node);
            throw;
        }
    }
    if (!or_none_ || !self.settle(outcome::ready)) return false;
    return true;
}

void any_of_operation::withdraw(wait_node& node) noexcept {
    finish(*node.owner);
}

// Everybody who left its queue without being chosen was marked as missed, under the queue's lock.
std::size_t any_of_operation::finish(waiter& self) noexcept {
    std::size_t chosen = none;
    for (alternative* each : all_) {
        if (!each->node) continue;
        each->withdraw(*each->node);
        if (!each->node->missed) chosen = each->index;
        each->node.reset();
    }
    self.set_has_alternatives(false);
    return chosen;
}

std::size_t wait_for_any(any_of_operation op, time_point deadline) {
    if (wait_for(op, deadline) != outcome::ready) return any_of_operation::none;
    return op.finish(scheduler::current().running());
}

}  // namespace green::detail

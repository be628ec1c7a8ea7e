// SPDX-License-Identifier: BSL-1.0
#include <green/base/spin_lock.h>

#include <sched.h>

namespace green::detail {

// The holder may have been preempted in its few instructions, so after a short spin the processor is offered
// to it; with more threads than cores a pure spin would burn a whole time slice.
void spin_lock::lock_slowly() noexcept {
    for (unsigned spins = 0;; ++spins) {
        if (!taken_.load(std::memory_order_relaxed) && !taken_.exchange(true, std::memory_order_acquire)) return;
        if (spins >= 64) sched_yield();
    }
}

}  // namespace green::detail

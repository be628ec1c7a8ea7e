// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/sleep.h>

#include <green/fiber/park.h>

namespace green {

namespace {

// Nobody wakes it: it ends by its deadline.
struct sleep_operation {
    static bool enqueue(detail::wait_node&) noexcept { return false; }
    static void withdraw(detail::wait_node&) noexcept {}
    static detail::wait_reason reason() noexcept { return {.call = "sleep"}; }
};

}  // namespace

void sleep_until(time_point deadline) {
    detail::wait_for(sleep_operation{}, deadline);
}

void sleep(duration d) {
    if (d <= duration::zero()) return yield();
    auto& loop = detail::scheduler::current().loop();
    sleep_until(add(loop.now(), d));  // precise: a sleep must never be short
}

void yield() {
    auto& s = detail::scheduler::current();
    auto& self = s.running();
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled("yield");
    s.yield(self);
    s.expire_scopes(self);
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled("yield");
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/spawn.h>

namespace green::detail {

void prepare_and_start(scheduler& s, control& fiber, const fiber_options& options, const placement& where) {
    fiber.provide(extras_for(options.name));
    fiber.move_into(where.inside);
    if (where.start == time_point::min()) {
        s.start(fiber, options.eager_start);
    } else {
        fiber.begin({.call = "spawn_after"});
        s.loop().timers().arm(fiber, where.start);
    }
}

control& create_for(hub& target, control::carrier carry, const fiber_options& options) {
    auto extras = extras_for(options.name);
    control& fiber = scheduler::create_for(target, carry, options.stack_size_bytes);
    fiber.provide(std::move(extras));
    return fiber;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/spawn.h>

namespace green::detail {

void prepare_and_start(scheduler& s, control& fiber, const fiber_options& options, const placement& where) {
    if (!options.name.empty()) fiber.set_name(options.name);
    if (const auto& locals = s.running().locals) fiber.locals = locals->inherit();
    fiber.inside = where.inside;
    if (where.start == time_point::min()) {
        s.start(fiber);
    } else {
        fiber.begin({.call = "spawn_after"});
        s.loop().timers().arm(fiber, where.start);
    }
}

}  // namespace green::detail

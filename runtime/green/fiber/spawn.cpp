// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/spawn.h>

namespace green::detail {

namespace {

std::unique_ptr<std::string> given_name(const fiber_options& options) {
    return options.name.empty() ? nullptr : std::make_unique<std::string>(options.name);
}

}  // namespace

void prepare_and_start(scheduler& s, control& fiber, const fiber_options& options, const placement& where) {
    fiber.provide(given_name(options), inherited_locals());
    fiber.inside = where.inside;
    if (where.start == time_point::min()) {
        s.start(fiber);
    } else {
        fiber.begin({.call = "spawn_after"});
        s.loop().timers().arm(fiber, where.start);
    }
}

control& create_for(hub& target, control::carrier carry, const fiber_options& options) {
    auto name = given_name(options);
    auto inherited = inherited_locals();
    control& fiber = scheduler::create_for(target, carry, options.stack_size_bytes);
    fiber.provide(std::move(name), std::move(inherited));
    return fiber;
}

}  // namespace green::detail

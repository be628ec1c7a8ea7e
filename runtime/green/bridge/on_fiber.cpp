// SPDX-License-Identifier: BSL-1.0
#include <green/bridge/on_fiber.h>

#include <green/coro/awaiter.h>
#include <green/hub/join.h>
#include <green/hub/uninterrupted.h>

namespace green::detail {

bool may_park() noexcept {
    return running_agent().model.park;
}

coro::task<void> see_to_the_end(fiber_handle helper) {
    agent& target = *helper.get_agent();
    std::exception_ptr interruption;
    try {
        co_await perform(join_operation{target});
    } catch (...) {
        interruption = std::current_exception();
    }
    if (!interruption) co_return;
    helper.kill_soon();
    const uninterrupted until_then;
    co_await perform(join_operation{target});
    std::rethrow_exception(interruption);
}

}  // namespace green::detail

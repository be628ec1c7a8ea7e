// SPDX-License-Identifier: BSL-1.0
#include <green/bridge/on_fiber.h>

#include <green/coro/awaiter.h>
#include <green/hub/join.h>
#include <green/hub/scope.h>

namespace green::detail {

namespace {

// Where neither kills nor cancellations from outside end a wait.
class shielded {
  public:
    explicit shielded(agent& who) noexcept : who_(who), scope_(who.inside, never, true) { who_.inside = &scope_; }
    ~shielded() { who_.inside = scope_.parent(); }

  private:
    agent& who_;
    scope scope_;
};

}  // namespace

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
    shielded until_then(running_agent());
    while (!helper.ended()) {
        try {
            co_await perform(join_operation{target});
        } catch (const cancellation&) {
            // The thread ends, and refuses every wait; it goes behind the others each time.
        }
    }
    std::rethrow_exception(interruption);
}

}  // namespace green::detail

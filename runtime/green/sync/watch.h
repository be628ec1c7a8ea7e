// SPDX-License-Identifier: BSL-1.0
// Waiting without a fiber: a waiter that runs a function on its hub once what it waits for is there.
#pragma once

#include <green/fiber/park.h>
#include <green/hub/hub.h>

namespace green::detail {

// Performs one operation at a time. on_ready() runs on the hub's own context, so it must not park, and never inside
// start(). From the moment the watch is settled until on_ready() runs, the hub holds it: it must not die then, so
// whoever wants to be rid of one calls give_up() first.
class watch : public waiter {
  public:
    // On the home hub's thread.
    template <operation Operation>
    void start(Operation op) {
        if (!try_start(std::move(op))) wake();
    }
    // The same; false when it was there at once, and then on_ready() does not run. Any thread.
    template <operation Operation>
    [[nodiscard]] bool try_start(Operation op) {
        begin(op.reason());
        if (!op.enqueue(node())) return true;
        settle_without_waiting();
        return false;
    }

    // Withdraws from the operation. False when on_ready() will still run. On the home hub's thread.
    template <operation Operation>
    [[nodiscard]] bool give_up(Operation op) noexcept {
        if (!settle(outcome::cancelled)) return false;
        op.withdraw(node());
        return true;
    }

  protected:
    explicit watch(hub& home) noexcept : waiter(home, &run) {}
    ~watch() = default;

  private:
    virtual void on_ready() noexcept = 0;  // may delete the watch
    static void run(runnable& self) noexcept { static_cast<watch&>(self).on_ready(); }
};

}  // namespace green::detail

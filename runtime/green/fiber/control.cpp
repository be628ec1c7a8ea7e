// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/control.h>

#include <green/base/caught.h>
#include <green/base/check.h>
#include <green/fiber/park.h>
#include <green/fiber/scheduler.h>
#include <green/fiber/spawn.h>
#include <green/fiber/would_block_forever.h>
#include <green/hub/ending.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace green::detail {

constinit const agent_model control::model_of_fibers = {
    .noun = "fiber",
    .join_call = "fiber::join",
    .origin = [](agent& self) noexcept {
        auto& fiber = static_cast<control&>(self);
        return fiber.carry ? fiber.carry(fiber, request::name_callable) : nullptr;
    },
    .park = [](agent& self, time_point deadline) noexcept {
        return scheduler::current().suspend(static_cast<control&>(self), deadline);
    },
    .yield = [](agent& self) noexcept {
        scheduler::current().yield_and_expire_scopes(static_cast<control&>(self));
    },
    .throw_if_cancelled = [](agent& self, const char* call) { static_cast<control&>(self).throw_if_cancelled(call); },
    .unwinding = [](const agent& self) noexcept { return static_cast<const control&>(self).flow.unwinding(); },
    .called_while_unwinding =
        [](const agent& self) noexcept {
            const auto* greenlet = static_cast<const control&>(self).greenlet;
            return greenlet && is_being_unwound(*greenlet);
        },
    .release = [](agent& self) noexcept { static_cast<control&>(self).release(); },
};

void control::resume(runnable& self) noexcept {
    scheduler::current().resume_from_hub(static_cast<control&>(self));
}

inline void control::run_to_end() noexcept {
    started.store(true, std::memory_order_relaxed);
    if (armed()) loop_of(home()).timers().disarm(*this);  // spawn_after(), killed before its time
    if (!is_over_at_start()) {  // killed before it ran: no line of its function does
        try {
            carry(*this, request::run);
        } catch (...) {
            note_end(caught_at_the_end());
        }
    }
    ending = true;
    if (callable) carry(*this, request::discard_callable);
    drop_locals();
    if (!held_locks.empty()) give_up_locks();
    publish_end();
}

context& control::entry(void* self) noexcept {
    auto& fiber = *static_cast<control*>(self);
    fiber.run_to_end();
    return scheduler::current().end_running(fiber);
}

void control::end_refused(std::exception_ptr why) noexcept {
    note_end(std::move(why));
    ending = true;
    carry(*this, request::discard_callable);
    publish_end();
    drop_reference();
}

void control::discard_outcome() noexcept {
    if (error) discard_error();
    if (has_result) {
        has_result = false;
        carry(*this, request::discard_result);
    }
}

void control::release() noexcept {
    if (result_has_destructor && scheduler::current_or_null() && (scheduler::current().running().attention & is_hub)) {
        references.revive();
        return discard_on_a_fiber();
    }
    discard_outcome();
    scheduler::free_block(*this);
}

// On the hub's own context nothing may park, and a result's destructor may have to.
void control::discard_on_a_fiber() noexcept try {
    result_has_destructor = false;  // whoever drops it next is a fiber
    spawn([handle = fiber_handle(*this)] {});
} catch (...) {  // no memory for one: the handle has gone with the attempt, and the result with it
}

// "queue::try_put" of "queue::put".
static std::string try_form(const std::string& call) {
    return std::string(call).insert(call.rfind(':') + 1, "try_");
}

void control::throw_if_cancelled(const char* call, bool has_try_form) {
    if (attention & is_hub) {
        const bool in_task = current_agent != this;
        throw std::logic_error(std::string("green: ") + call + " would park inside " +
                               (in_task ? "a coroutine, which has no stack of its own; co_await its twin in green::coro"
                                        : "a hub callback; spawn a fiber for what has to wait") +
                               (has_try_form ? ", or call " + try_form(call) + ", which never waits" : ""));
    }
    if (attention & is_stuck) {
        attention &= static_cast<std::uint8_t>(~is_stuck);
        check(!must_finish_waits(), "the main fiber would block forever in a destructor");
        throw would_block_forever(scheduler::current().list_parked());
    }
    if (must_finish_waits()) return;
    // One that goes on waiting although no wait is granted must not keep the processor.
    if (is_refused_for_good()) spend_turn(scheduler::current(), *this);
    throw_request();
}

}  // namespace green::detail

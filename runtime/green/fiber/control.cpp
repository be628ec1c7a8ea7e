// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/control.h>

#include <green/base/check.h>
#include <green/fiber/cancellation.h>
#include <green/fiber/describe.h>
#include <green/fiber/links.h>
#include <green/fiber/local.h>
#include <green/fiber/park.h>
#include <green/fiber/scheduler.h>
#include <green/fiber/would_block_forever.h>

#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace green::detail {

namespace {

bool is_cancellation(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const cancellation&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace


std::string control::name() const {
    return name_ ? *name_ : "fiber-" + std::to_string(id);
}

void control::set_name(std::string name) {
    name_ = std::make_unique<std::string>(std::move(name));
}

void control::resume(runnable& self) noexcept {
    scheduler::current().resume_from_hub(static_cast<control&>(self));
}

inline void control::run_to_end() noexcept {
    started = true;
    if (armed()) loop_of(home()).timers().disarm(*this);  // spawn_after(), killed before its time
    if (pending) {  // killed before it ran: no line of its function does
        error = std::exchange(pending, nullptr);
        ended_by_exit = is_cancellation(error);
    } else {
        try {
            carry(*this, request::run);
        } catch (const cancellation&) {
            ended_by_exit = true;
        } catch (...) {
            error = std::current_exception();
        }
    }
    if (ended_by_exit) error = nullptr;
    ending = true;
    if (callable) carry(*this, request::discard_callable);
    if (locals) locals.reset();
    if (!held_locks.empty()) give_up_locks();
    publish_end();
}

context& control::entry(void* self) noexcept {
    auto& fiber = *static_cast<control*>(self);
    fiber.run_to_end();
    return scheduler::current().end_running(fiber);
}

void control::give_up_locks() noexcept {
    while (!held_locks.empty()) held_locks.pop_front().owner_ended();
}

void control::publish_end() noexcept {
    end_lock.lock();
    ended_.store(true, std::memory_order_release);
    while (wait_node* node = joiners.choose_first()) node->owner->wake();
    const bool linked = links != nullptr;
    end_lock.unlock();
    if (linked) schedule_links(*this);
}

bool control::must_finish_waits() const noexcept {
    const bool running = this == &scheduler::current().running();
    return ending || (running ? std::uncaught_exceptions() > 0 : flow.unwinding());
}

void control::throw_if_cancelled(const char* call) {
    if (attention & is_hub)
        throw std::logic_error(std::string("green: ") + call +
                               " would park inside a hub callback; spawn a fiber for what has to wait");
    if (attention & is_stuck) {
        attention &= static_cast<std::uint8_t>(~is_stuck);
        check(!must_finish_waits(), "the main fiber would block forever in a destructor");
        throw would_block_forever(scheduler::current().list_parked());
    }
    if (must_finish_waits()) return;
    if (pending && !(inside && inside->shielded_from_root())) {
        attention &= static_cast<std::uint8_t>(~has_pending);
        std::rethrow_exception(std::exchange(pending, nullptr));
    }
    // One that goes on waiting although no wait is granted must not keep the processor.
    if ((inside && inside->cancelled()) || (attention & shutting_down)) spend_turn(scheduler::current(), *this);
    if (inside && inside->cancelled()) {
        scope* origin = inside->outermost_cancelled();
        throw cancelled(origin->id());
    }
    if (attention & shutting_down) throw fiber_exit();
}

void control::raise(std::exception_ptr e) noexcept {
    if (ended() || ending || pending) return;
    pending = std::move(e);
    attention |= has_pending;
    const bool shielded = inside && inside->shielded_from_root() && !(attention & shutting_down);
    if (shielded || !waiting() || must_finish_waits()) return;
    if (settle(outcome::cancelled)) wake();
}

void control::last_reference_dropped() noexcept {
    if (error) report_unless_taken();
    if (has_result) carry(*this, request::discard_result);
    scheduler::free_block(*this);
}

void control::report_unless_taken() noexcept {
    if (error_taken.load(std::memory_order_acquire)) return;
    std::fprintf(stderr, "green: fiber \"%s\" ended with an exception that nobody took: %s\n", name().c_str(),
                 describe_exception(error).c_str());
}

}  // namespace green::detail

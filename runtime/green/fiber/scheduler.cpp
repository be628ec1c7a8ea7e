// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/scheduler.h>

#include <green/base/check.h>
#include <green/hub/cancellation.h>
#include <green/hub/describe.h>
#include <green/fiber/overflow.h>
#include <green/fiber/park.h>
#include <green/fiber/would_block_forever.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace green::detail {

thread_local constinit scheduler* scheduler::of_this_thread = nullptr;

namespace {

constexpr std::size_t hub_stack_bytes = 256 * 1024;
constexpr std::size_t warm_stacks_kept = 64;

scheduler& scheduler_of(hub& h) noexcept {
    return *static_cast<scheduler*>(loop_of(h).upper);
}

void write_running_name(char* out, unsigned capacity) noexcept {
    scheduler* s = scheduler::current_or_null();
    if (s) std::snprintf(out, capacity, "%s", s->running().name().c_str());
}

}  // namespace

scheduler::scheduler(hub& home) : loop_(loop_of(home)), hub_(home), hub_control_(home, nullptr) {
    hub_control_.set_name("hub");
    hub_control_.attention = control::is_hub;
    hub_control_.where = stacks_.acquire(hub_stack_bytes);
}

// A hub that served an ended thread brings its scheduler along, with the blocks that handles still name; what
// belongs to the thread itself is new.
void scheduler::take_over_thread() {
    words_ = &thread_words::look_up();
    main_ = new control(hub_, nullptr);
    main_->drop_reference();  // it starts without a handle
    main_->set_name("main");
    main_->started = true;
    main_->born_coarse_ns = loop::coarse_now_ns();
    main_->flow.adopt_native();
    set_running(*main_);
    retiring_ = main_is_gone_ = false;
    hub_control_.flow.prepare(
        hub_control_.where, hub_control_.where.top(),
        [](void* self) noexcept -> context& { static_cast<green::detail::loop*>(self)->run(); }, &loop_);
}

scheduler& scheduler::create() {
    static const bool prepared = [] {
        set_hooks({[](hub& h) noexcept { return scheduler_of(h).on_stuck(); },
                   [](hub& h) noexcept { return scheduler_of(h).on_idle(); },
                   // A thread may have a hub and never have had a fiber.
                   [](hub& h) noexcept {
                       if (of_this_thread) scheduler_of(h).retire();
                   },
                   [](hub& h) noexcept {
                       if (of_this_thread) scheduler_of(h).forget_other_fibers();
                   }});
        set_running_name_writer(&write_running_name);
        return true;
    }();
    (void)prepared;
    hub& home = hub::current();
    auto& upper = loop_of(home).upper;
    if (!upper) upper = new scheduler(home);
    auto* s = static_cast<scheduler*>(upper);
    s->take_over_thread();
    of_this_thread = s;
    report_stack_overflows();
    return *s;
}

agent& running_agent() {
    if (!current_agent) [[unlikely]] scheduler::current();
    return *current_agent;
}

// --- switching ---

// Nothing else is ready, or the hub should have the processor.
void scheduler::yield_to_hub(control& self) noexcept {
    loop_.make_ready(self);
    if (loop_.front() != &self || loop_.turn_is_up()) switch_to(self, hub_control_);
    else loop_.pop_front();
}

void scheduler::resume_from_hub(control& fiber) noexcept {
    set_running(fiber);
    hub_control_.flow.switch_to(fiber.flow, *words_);
}

outcome scheduler::suspend(control& self, time_point deadline) noexcept {
    if (self.inside && !self.must_finish_waits()) return suspend_inside(self, *self.inside, deadline);
    if (deadline != never) loop_.timers().arm(self, deadline);
    switch_away(self);
    if (self.armed()) loop_.timers().disarm(self);
    return self.result();
}

// The same where scopes are in force: the earliest deadline decides, and a cancellation finds the waiter.
outcome scheduler::suspend_inside(control& self, scope& inside, time_point deadline) noexcept {
    deadline = std::min(deadline, inside.deadline());
    inside.enter_parked(self);
    if (deadline != never) loop_.timers().arm(self, deadline);
    switch_away(self);
    const bool deadline_passed = deadline != never && !self.armed();
    if (self.armed()) loop_.timers().disarm(self);
    scope::leave_parked(self);
    if (self.result() != outcome::timed_out) {
        // Served in the very pass in which the timer fired: this wait counts, the next one must not. Else one that is
        // always served in time, as by a peer that never stops sending, would outlive every deadline.
        if (deadline_passed) inside.expire(loop_.now());
        return self.result();
    }
    // Of several waits with the deadline of one scope, the first to run has expired it for the others.
    return inside.expire(loop_.now()) || inside.cancelled() ? outcome::cancelled : outcome::timed_out;
}

context& scheduler::end_running(control& self) noexcept {
    if (main_is_gone_) std::exit(EXIT_SUCCESS);
    if (self.list_hook<foreign_tag>::linked()) self.list_hook<foreign_tag>::unlink();
    --fiber_count_;
    if (retiring_ && fiber_count_ == 0 && main_->choose()) main_->wake();
    // From here on this code runs on a stack that is already given back: nothing below may spawn or park.
    stacks_.release(self.where);
    self.where = {};
    self.drop_reference();
    control& next = next_to_run();
    set_running(next);
    return next.flow;
}

// --- blocks and stacks ---

control& scheduler::create_fiber(control::carrier carry, std::size_t stack_bytes, std::size_t callable_bytes,
                                 std::size_t callable_alignment) {
    stack where = stacks_.acquire(stack_bytes);
    void* storage;
    try {
        storage = slab_.allocate();
    } catch (...) {
        stacks_.release(where);
        throw;
    }
    auto* fiber = new (storage) control(hub_, carry);
    fiber->on_slab = true;
    fiber->where = where;
    fiber->born_coarse_ns = loop_.last_poll_coarse_ns();
    auto top = reinterpret_cast<std::uintptr_t>(where.top()) - callable_bytes;
    top &= ~(static_cast<std::uintptr_t>(callable_alignment) - 1);
    fiber->callable = reinterpret_cast<void*>(top);
    fiber->flow.prepare(where, fiber->callable, &control::entry, fiber);
    if (retiring_) fiber->attention |= control::shutting_down;
    ++fiber_count_;
    return *fiber;
}

void scheduler::destroy_unstarted(control& fiber) noexcept {
    --fiber_count_;
    fiber.flow.retire();
    stacks_.release(fiber.where);
    fiber.~control();
    slab_.deallocate(&fiber);
}

control& scheduler::create_for(hub& target, control::carrier carry, std::size_t stack_bytes) {
    auto* fiber = new control(target, carry);
    fiber->where.size_bytes = stack_bytes;  // wanted; bottom stays null until it arrives
    return *fiber;
}

void scheduler::start_remotely(control& fiber) noexcept {
    fiber.runnable::run = &adopt;
    loop_of(fiber.home()).schedule(fiber);
}

// On the target's thread, out of its mailbox.
void scheduler::adopt(runnable& self) noexcept {
    auto& fiber = static_cast<control&>(self);
    scheduler& s = current();
    fiber.runnable::run = &control::resume;
    try {
        fiber.where = s.stacks_.acquire(fiber.where.size_bytes);
    } catch (...) {
        fiber.raise(std::current_exception());
        fiber.where = s.stacks_.acquire(smallest_stack_bytes);  // enough to end on
    }
    fiber.born_coarse_ns = s.loop_.last_poll_coarse_ns();
    if (s.retiring_) {
        fiber.attention |= control::shutting_down;
        fiber.raise(std::make_exception_ptr(fiber_exit()));
    }
    s.foreign_.push_back(fiber);
    ++s.fiber_count_;
    fiber.flow.prepare(fiber.where, fiber.where.top(), &control::entry, &fiber);
    s.loop_.make_ready(fiber);
}

inline void scheduler::reclaim(control& fiber) noexcept {
    fiber.~control();
    slab_.deallocate(&fiber);
}

void scheduler::free_block(control& fiber) noexcept {
    if (!fiber.on_slab) {
        delete &fiber;
    } else if (current_hub == &fiber.home()) [[likely]] {
        scheduler_of(fiber.home()).reclaim(fiber);
    } else {
        fiber.runnable::run = [](runnable& self) noexcept {
            auto& arrived = static_cast<control&>(self);
            scheduler_of(arrived.home()).reclaim(arrived);
        };
        loop_of(fiber.home()).schedule(fiber);
    }
}

// --- the ends of things ---

std::string scheduler::list_parked() {
    std::string list;
    for_each_fiber([&](control& fiber) {
        if (&fiber == running_ && &fiber != main_) return;
        list += "  " + fiber.name() + ": " + (&fiber == running_ ? describe_wait(fiber) : describe_situation(fiber)) + '\n';
    });
    return list;
}

bool scheduler::on_stuck() noexcept {
    if (!main_ || !main_->settle(outcome::cancelled)) return false;
    main_->attention |= control::is_stuck;
    loop_.make_ready(*main_);
    return true;
}

duration scheduler::on_idle() noexcept {
    if (stacks_.warm_count() <= warm_stacks_kept) return duration::max();
    constexpr duration interval = std::chrono::seconds(1);
    const time_point now = loop_.now();
    if (now >= next_trim_) {
        next_trim_ = add(now, interval);
        stacks_.trim();
    }
    return interval;
}

namespace {
// What retire() waits for: end_running() chooses the main fiber when the last other one has ended.
struct all_have_ended {
    bool enqueue(wait_node&) noexcept { return fiber_count == 0; }
    void withdraw(wait_node&) noexcept {}
    wait_reason reason() const noexcept { return {.call = "the end of the thread"}; }
    std::size_t fiber_count;
};
}  // namespace

void scheduler::retire() noexcept {
    of_this_thread = this;
    if (running_ != main_) {  // exit() was called by a fiber: its own stack is in use, nothing can be unwound
        of_this_thread = nullptr;
    current_agent = nullptr;
        return;
    }
    retiring_ = true;
    for_each_fiber([this](control& fiber) {
        if (&fiber == main_) return;
        fiber.attention |= control::shutting_down;
        fiber.raise(std::make_exception_ptr(fiber_exit()));
    });
    const time_point limit = add(loop_.now(), std::chrono::seconds(1));
    main_->ending = true;  // its own wait here is beyond cancellation
    while (loop_.has_mail()) yield(*main_);  // fibers that other threads have spawned here end, too
    if (fiber_count_ > 0) wait_for(all_have_ended{fiber_count_}, limit);
    if (fiber_count_ > 0)
        std::fprintf(stderr, "green: %zu fibers would not end within a second of their thread's end; abandoned:\n%s",
                     fiber_count_, list_parked().c_str());
    main_->give_up_locks();
    main_->locals.reset();
    main_->publish_end();
    for_each_fiber([this](control& fiber) { abandon(fiber); });
    main_->drop_reference();
    main_ = nullptr;
    loop_.forget_everything();
    fiber_count_ = 0;
    stacks_.trim();
    stacks_.trim();  // the first one starts the period of idleness
    of_this_thread = nullptr;
    current_agent = nullptr;
}

// A fiber that will never run again, though waiters and queues may still hold its nodes.
void scheduler::abandon(control& fiber) noexcept {
    (void)!fiber.settle(outcome::cancelled);
    fiber.runnable::run = [](runnable&) noexcept {};
}

void scheduler::forget_other_fibers() noexcept {
    for_each_fiber([this](control& fiber) {
        if (&fiber != running_) abandon(fiber);
    });
    main_is_gone_ = running_ != main_;
    fiber_count_ = main_is_gone_ ? 1 : 0;
}

}  // namespace green::detail

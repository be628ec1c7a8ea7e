// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/scheduler.h>

#include <green/base/check.h>
#include <green/hub/cancellation.h>
#include <green/hub/describe.h>
#include <green/hub/ending.h>
#include <green/fiber/overflow.h>
#include <green/fiber/park.h>
#include <green/fiber/would_block_forever.h>
#include <green/hub/parking.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

namespace green::detail {

thread_local constinit scheduler* scheduler::of_this_thread = nullptr;

namespace {

// Signal handlers of the program run on it while all fibers are parked, and expect what a thread has. Pages that are not
// used cost nothing.
constexpr std::size_t hub_stack_bytes = 8 * 1024 * 1024;
constexpr std::size_t warm_stacks_kept = 64;

void write_running_name(char* out, unsigned capacity) noexcept {
    if (const agent* who = current_agent) std::snprintf(out, capacity, "%s", who->name().c_str());
}

}  // namespace

scheduler::scheduler(hub& home) : loop_(loop_of(home)), hub_(home), hub_control_(home, nullptr) {
    hub_control_.set_name("hub");
    hub_control_.attention = control::is_hub;
    hub_control_.next = &hub_control_;  // it is in no queue, and what is fetched ahead of a switch must be somewhere
    hub_control_.where = stacks_.acquire(hub_stack_bytes);
    // Not before there is a stack to overflow: a program that only waits on its main fiber keeps its signals to itself.
    // A thread that takes over finds the stacks of the one before cold (retire()).
    stacks_.on_cold_stack(&report_stack_overflows);
}

// A hub that served an ended thread brings its scheduler along, with the blocks that handles still name; what
// belongs to the thread itself is new.
void scheduler::take_over_thread() {
    words_.look_up();
    main_ = new control(hub_, nullptr);
    main_->drop_reference();  // it starts without a handle
    main_->set_name("main");
    main_->started = true;
    main_->born_coarse_ns = loop::coarse_now_ns();
    main_->flow.adopt_native();
    set_running(*main_);
    root_ = main_;
    retiring_ = false;
    hub_control_.flow.prepare(
        hub_control_.where, hub_control_.where.top(),
        [](void* self) noexcept -> context& { static_cast<green::detail::loop*>(self)->run(); }, &loop_);
}

scheduler& scheduler::create() {
    set_running_name_writer(&write_running_name);
    hub& home = hub::current();
    auto& upper = loop_of(home).upper;
    if (!upper) upper = new scheduler(home);
    auto* s = static_cast<scheduler*>(upper);
    s->take_over_thread();
    of_this_thread = s;
    return *s;
}

agent& running_agent() {
    if (!current_agent) [[unlikely]] scheduler::current();
    return *current_agent;
}

// --- switching ---

scheduler::departure scheduler::begin_yield() {
    scheduler* s = of_this_thread;
    if (!s) [[unlikely]] return begin_first_yield();
    control& self = s->running();
    if (self.may_be_cancelled()) [[unlikely]] return s->begin_limited_yield(self);
    return s->go_behind(self);
}

scheduler::departure scheduler::begin_first_yield() {
    create();
    return begin_yield();
}

scheduler::departure scheduler::begin_limited_yield(control& self) {
    if (self.needs_attention()) self.throw_if_cancelled("yield");
    return go_behind(self);
}

inline scheduler::departure scheduler::go_behind(control& self) noexcept {
    green::detail::loop& loop = loop_;
    runnable& next = loop.front();
    if (!is_fiber(next) || !loop.take_turn()) [[unlikely]] return go_behind_by_hub(self);
    loop.rotate(next, self);
    return leave_for(self, static_cast<control&>(next));
}

// Nothing else is ready, or the hub should have the processor.
scheduler::departure scheduler::go_behind_by_hub(control& self) noexcept {
    loop_.make_ready(self);
    control& next = next_to_run();
    return &next == &self ? stay(self) : leave_for(self, next);
}

void scheduler::end_limited_yield(control& self) {
    expire_scopes(self);
    if (self.needs_attention()) self.throw_if_cancelled("yield");
}

void scheduler::yield_and_expire_scopes(control& self) noexcept {
    travel<red_zone::skipped>(go_behind(self));
    expire_scopes(self);
}

scheduler::departure scheduler::depart(control& self) noexcept {
    green::detail::loop& loop = loop_;
    runnable& next = loop.front();
    const bool is_prefetched = prefetched_ > 1;
    if (!is_fiber(next) || &next == &self || (!is_prefetched && !loop.is_last(next)) || !loop.take_turn()) [[unlikely]]
        return depart_with_care(self);
    if (is_prefetched) --prefetched_;
    loop.pop(next);
    return leave_for(self, static_cast<control&>(next));
}

scheduler::departure scheduler::depart_with_care(control& self) noexcept {
    control& next = next_to_run();
    if (&next == &self) return stay(self);  // woken meanwhile
    if (prefetched_ > 1)
        --prefetched_;
    else if (&next != &hub_control_ && !loop_.is_last(next))  // and `next` was the last of them
        prefetch_burst(*next.next);
    return leave_for(self, next);
}

time_point scheduler::set_limits(control& self, time_point deadline) noexcept {
    enter_parking(self, deadline);
    return deadline;
}

outcome scheduler::undo_limits(control& self, time_point deadline) noexcept {
    return leave_parking(self, deadline);
}

namespace {
template <std::ptrdiff_t... Offsets>
[[gnu::always_inline]] inline void prefetch(const void* base) noexcept {
    // Not a loop: GCC would keep it as one. Numbers, because a main fiber's may be null.
    const auto at = reinterpret_cast<std::uintptr_t>(base);
    (__builtin_prefetch(reinterpret_cast<const void*>(at + static_cast<std::uintptr_t>(Offsets))), ...);
}
}  // namespace

void scheduler::prefetch_burst(const runnable& first) noexcept {
    constexpr unsigned most = 16;
    prefetched_ = 0;
    for (const runnable* each = &first; is_fiber(*each); each = each->next) {
        const control& fiber = *static_cast<const control*>(each);
        prefetch<0, 64, 192, 256, 320, 384, 448, 512, 576, 640>(fiber.flow.suspended_at());
        prefetch<0, -176>(fiber.callable);  // what it captured, or was called with by value: its stream as a rule
        prefetch<64>(each);                 // the rest of the waiter
        prefetch<0>(fiber.node().slot);     // what the wait is about
        if (++prefetched_ == most) break;
    }
}

void scheduler::start_eagerly(control& fiber) noexcept {
    control& self = *running_;
    if (self.attention & control::is_hub) return loop_.make_ready(fiber);
    loop_.make_ready_first(self);
    travel<red_zone::skipped>(leave_for(self, fiber));
}

void scheduler::resume_from_hub(control& fiber) noexcept {
    set_running(fiber);
    hub_control_.flow.switch_to(fiber.flow, words_);
}

// --- blocks and stacks ---

control& scheduler::create_fiber(control::carrier carry, std::size_t stack_bytes, std::size_t callable_bytes,
                                 std::size_t callable_alignment) {
    if (returned_.load(std::memory_order_relaxed)) [[unlikely]] reclaim_returned();
    stack where = stacks_.acquire(stack_bytes);
    void* storage;
    try {
        storage = slab_.allocate();
    } catch (...) {
        stacks_.release(where);
        throw;
    }
    const auto born = loop_.last_poll_coarse_ns();  // read before the block is written, or its fields are written twice
    auto* fiber = new (storage) control(hub_, carry);
    fiber->on_slab = true;
    fiber->where = where;
    fiber->born_coarse_ns = born;
    auto top = reinterpret_cast<std::uintptr_t>(where.top()) - callable_bytes;
    top &= ~(static_cast<std::uintptr_t>(callable_alignment) - 1);
    fiber->callable = reinterpret_cast<void*>(top);
    fiber->flow.prepare(where, fiber->callable, &control::entry, fiber);
    if (retiring_) fiber->attention |= control::shutting_down;
    loop_.agent_begins();
    return *fiber;
}

void scheduler::destroy_unstarted(control& fiber) noexcept {
    loop_.agent_ended();
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
    if (!loop_of(fiber.home()).schedule(fiber)) fiber.end_refused(fiber.lost(agent::never_ran));
}

// On the target's thread, out of its mailbox.
void scheduler::adopt(runnable& self) noexcept {
    auto& fiber = static_cast<control&>(self);
    scheduler& s = current();
    fiber.runnable::run = &control::resume;
    try {
        fiber.where = s.stacks_.acquire(fiber.where.size_bytes);
    } catch (...) {
        const auto why = std::current_exception();
        try {
            fiber.where = s.stacks_.acquire(smallest_stack_bytes);  // enough to end on
        } catch (...) {
            return fiber.end_refused(why);
        }
        fiber.raise(why);
    }
    fiber.born_coarse_ns = s.loop_.last_poll_coarse_ns();
    if (s.retiring_) fiber.came_too_late();
    s.loop_.listed.push_back(fiber);
    s.loop_.agent_begins();
    fiber.flow.prepare(fiber.where, fiber.where.top(), &control::entry, &fiber);
    s.loop_.make_ready(fiber);
}

// On the heap, or in the slab of another thread's scheduler.
void scheduler::free_elsewhere(control& fiber) noexcept {
    if (!fiber.on_slab) {
        delete &fiber;
    } else {
        delete fiber.extras.exchange(nullptr);
        auto& returned = of(fiber.home()).returned_;
        fiber.runnable::next = returned.load(std::memory_order_relaxed);
        while (!returned.compare_exchange_weak(fiber.runnable::next, &fiber, std::memory_order_release,
                                               std::memory_order_relaxed)) {
        }
    }
}

// The slab belongs to the hub's thread, and the hub may have none at the time: whoever has it next takes them back.
void scheduler::reclaim_returned() noexcept {
    runnable* at = returned_.exchange(nullptr, std::memory_order_acquire);
    while (at) reclaim(static_cast<control&>(*std::exchange(at, at->next)));
}

// --- the ends of things ---

std::string scheduler::list_parked() {
    std::string list;
    for_each_agent([&](agent& who) {
        if (who.ended() || (&who == running_ && &who != root_)) return;
        list += "  " + who.name() + ": " + (&who == running_ ? describe_wait(who) : describe_situation(who)) + '\n';
    });
    return list;
}

bool scheduler::on_stuck(hub& h) noexcept {
    scheduler& s = of(h);
    const bool has_stack = s.root_ && s.root_->model.park;
    if (!has_stack || !s.root_->settle(outcome::cancelled)) return false;
    s.root_->attention |= agent::is_stuck;
    s.loop_.make_ready(*s.root_);
    return true;
}

duration scheduler::on_idle(hub& h) noexcept {
    scheduler& s = of(h);
    s.reclaim_returned();
    if (s.stacks_.warm_count() <= warm_stacks_kept) return duration::max();
    constexpr duration interval = std::chrono::seconds(1);
    const time_point now = s.loop_.now();
    if (now >= s.next_trim_) {
        s.next_trim_ = add(now, interval);
        s.stacks_.trim();
    }
    return interval;
}

// A thread may have a hub and never have had a fiber; one that is sent to it now has to be ended by a scheduler.
bool scheduler::on_retire(hub& h) noexcept {
    auto& l = loop_of(h);
    return (!of_this_thread && !l.has_ready() && l.close_mail_if_empty()) || current().retire();
}

void scheduler::on_fork(hub& h) noexcept {
    if (of_this_thread) of(h).forget_others();
}

constinit const hub_hooks hooks{.stuck = &scheduler::on_stuck,
                                .idle = &scheduler::on_idle,
                                .retire = &scheduler::on_retire,
                                .forked = &scheduler::on_fork};

namespace {

constexpr duration patience_with_the_last = std::chrono::seconds(1);

// What retire() waits for: that the last agent but the root has ended.
struct all_have_ended {
    bool enqueue(wait_node& node) noexcept {
        if (target.agent_count() == 0) return true;
        target.awaiting_quiet = node.owner;
        return false;
    }
    void withdraw(wait_node&) noexcept { target.awaiting_quiet = nullptr; }
    wait_reason reason() const noexcept { return {.call = "the end of the thread"}; }
    loop& target;
};

}  // namespace

// Runs whatever is ready or posted until nobody else is left, or `limit` has passed. The end of one may start another:
// what a hub callback drops is destroyed by a fiber.
void scheduler::run_out(time_point limit) noexcept {
    auto is_busy = [this] { return loop_.has_ready() || loop_.has_mail(); };
    do {
        while (is_busy() && loop_.now() < limit) yield_and_expire_scopes(*running_);
        if (loop_.agent_count() > 0) wait_for(all_have_ended{loop_}, limit);
    } while ((is_busy() || loop_.agent_count() > 0) && loop_.now() < limit);
}

// Fibers that other threads have spawned here, callbacks and links still run; what comes when the box is closed is
// refused. A flood of mail is cut short by closing the box with mail in it, which then runs too.
bool scheduler::retire() noexcept {
    if (running_ != root_) {  // exit() was called by a fiber: its own stack is in use, nothing can be unwound
        loop_.close_mail();
        leave_thread();
        return false;
    }
    retiring_ = true;
    root_->ending = true;  // its own waits here are beyond cancellation
    for_each_agent([this](agent& who) {
        if (&who == root_) return;
        who.attention |= agent::shutting_down;
        who.raise(nullptr);
    });
    run_out(add(loop_.now(), patience_with_the_last));
    if (unwind_greenlets(*this)) run_out(add(loop_.now(), patience_with_the_last));
    abandon_others();
    if (root_ == main_) end_main();
    abandon_greenlets(*this);
    const time_point limit = add(loop_.now(), patience_with_the_last);
    do run_out(limit);
    while (!loop_.close_mail_if_empty() && loop_.now() < limit);
    loop_.close_mail();
    run_out(add(loop_.now(), patience_with_the_last));
    abandon_others();
    abandon_greenlets(*this);
    const bool is_empty = root_ == main_;
    if (is_empty) std::exchange(main_, nullptr)->drop_reference();
    leave_thread();
    stacks_.trim();
    stacks_.trim();  // the first one starts the period of idleness
    return is_empty;
}

void scheduler::leave_thread() noexcept {
    root_ = nullptr;
    of_this_thread = nullptr;
    current_agent = nullptr;
}

void scheduler::end_main() noexcept {
    main_->give_up_locks();
    main_->drop_locals();
    main_->end_greenlets();
    main_->publish_end();
}

// For one that will never run again, though waiters and queues may still hold its nodes.
static void put_to_rest(agent& who) noexcept {
    (void)!who.settle(outcome::cancelled);
    who.runnable::run = [](runnable&) noexcept {};
    if (who.list_hook<home_tag>::linked()) who.list_hook<home_tag>::unlink();
}

// For the others it has ended.
void scheduler::abandon(agent& who) noexcept {
    put_to_rest(who);
    who.note_end(who.lost("would not end with its thread"));
    who.give_up_locks();
    who.publish_end();
}

void scheduler::abandon_others() noexcept {
    if (loop_.agent_count() == 0) return;
    std::fprintf(stderr, "green: %zu fibers would not end within a second of their thread's end; abandoned:\n%s",
                 loop_.agent_count(), list_parked().c_str());
    for_each_agent([this](agent& who) {
        if (&who != root_ && &who != main_) abandon(who);
    });
    loop_.set_agent_count(0);
}

void scheduler::forget_others() noexcept {
    const auto left_behind = std::make_exception_ptr(std::system_error(
        std::make_error_code(std::errc::no_such_process), "green: it has stayed in the parent of a fork"));
    for_each_agent([&](agent& who) {
        if (&who == current_agent) return;
        who.end_after_fork(left_behind);
        put_to_rest(who);
    });
    forget_greenlets_of_others(*this, *current_agent);
    root_ = current_agent;
    root_->ends_process = root_ != main_;
    loop_.set_agent_count(0);  // of others than the root
}

}  // namespace green::detail

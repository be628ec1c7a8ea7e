// SPDX-License-Identifier: BSL-1.0
#include <green/coro/spawned.h>

#include <green/hub/ending.h>
#include <green/hub/hub.h>
#include <green/hub/parking.h>

#include <new>

namespace green::detail {

void spawned::enroll() noexcept {
    loop& here = loop_of(home());
    born_coarse_ns = here.last_poll_coarse_ns();
    here.listed.push_back(*this);
    here.agent_begins();
}

void spawned::start() noexcept {
    enroll();
    loop_of(home()).make_ready(*this);
}

void spawned::start_at(time_point when) {
    loop_of(home()).timers().arm(*this, when);
    begin({.call = "spawn_after"});
    enroll();
}

void spawned::discard_unstarted() noexcept {
    body().destroy();
    drop_reference();
    drop_reference();
}

void spawned::start_remotely() noexcept {
    runnable::run = &adopt;
    if (loop_of(home()).schedule(*this)) return;
    note_end(lost(never_ran));
    discard_and_publish();
    drop_reference();
}

// On the target's thread, out of its mailbox.
void spawned::adopt(runnable& self) noexcept {
    auto& task = static_cast<spawned&>(self);
    task.runnable::run = &arrive;
    if (!loop_of(task.home()).has_thread) task.came_too_late();  // it is about to end
    task.start();
}

// Its first turn, on its hub.
void spawned::arrive(runnable& self) noexcept {
    auto& task = static_cast<spawned&>(self);
    task.begin_to_run();
    if (task.armed()) [[unlikely]] loop_of(task.home()).timers().disarm(task);  // start_at(), killed before its time
    if (task.is_over_at_start())  // killed before it ran: no line of it does
        task.end();
    else
        resume(self);
}

void spawned::resume(runnable& self) noexcept {
    auto& task = static_cast<spawned&>(self);
    agent* const previous = std::exchange(current_agent, &task);
    spawned* last = &task;
    do {
        last->trampoline::run();
        last = static_cast<spawned*>(current_agent);  // another one, when it has left for the next
    } while (last->is_bouncing());
    if (last->body().done()) {
        try {
            static_cast<const task_model&>(last->model).take_result(*last);
        } catch (...) {
            last->note_end(std::current_exception());
        }
        last->end();
    }
    current_agent = previous;
}

// The loop is not asked for by way of `who`, nor its turn's end looked into: the hub does that. So the processor need
// not wait for either to know where it goes on.
inline bool runner::next_is_task(loop& here, const runnable& next) noexcept {
    return next.run == &spawned::resume && here.take_turn();
}
inline bool runner::next_is_new_task(loop& here, const runnable& next) noexcept {
    return next.run == &spawned::arrive && !(static_cast<const spawned&>(next).attention & agent::has_pending) && here.take_turn();
}

inline std::coroutine_handle<> runner::go_to(runnable& next) const noexcept {
    auto& task = static_cast<spawned&>(next);
    current_agent = &task;
    return transfer_into(task);
}

std::coroutine_handle<> runner::leave() noexcept {
    loop& here = loop_of(*current_hub);
    runnable& next = here.front();
    if (!next_is_task(here, next)) {
        if (!next_is_new_task(here, next)) return std::noop_coroutine();
        static_cast<spawned&>(next).begin_to_run();
    }
    here.pop(next);
    return go_to(next);
}

inline std::coroutine_handle<> runner::go_behind_others() noexcept {
    loop& here = loop_of(*current_hub);
    agent& self = *current_agent;
    runnable& next = here.front();
    if (next_is_task(here, next)) [[likely]] {
        here.rotate(next, self);
        return go_to(next);
    }
    here.make_ready(self);
    return std::noop_coroutine();
}

std::coroutine_handle<> runner::go_behind() noexcept {
    return go_behind_others();
}

std::coroutine_handle<> runner::yield(std::coroutine_handle<> self) {
    agent& who = *current_agent;
    if (who.may_be_cancelled() || has_stack) [[unlikely]] return yield_unless_cancelled(self);
    return go_behind_others();
}

std::coroutine_handle<> runner::yield_unless_cancelled(std::coroutine_handle<> self) {
    agent& who = *current_agent;
    if (who.needs_attention()) who.model.throw_if_cancelled(who, "yield");
    if (!has_stack) return go_behind();
    who.model.yield(who);
    return self;
}

void runner::look_again_after_yield() {
    agent& who = *current_agent;
    expire_scopes(who);
    if (who.needs_attention()) who.model.throw_if_cancelled(who, "yield");
}

// For the report, should nobody take the error: that is made when the coroutine has gone.
void spawned::keep_origin() noexcept try {
    needed_extras().origin = static_cast<const task_model&>(model).name_body(*this);
} catch (const std::bad_alloc&) {
}

void spawned::discard_and_publish() noexcept {
    if (error) [[unlikely]] keep_origin();
    ending = true;
    body().destroy();
    drop_locals();
    if (!held_locks.empty()) give_up_locks();
    publish_end();
}

void spawned::end() noexcept {
    discard_and_publish();
    list_hook<home_tag>::unlink();
    loop_of(home()).agent_ended();
    drop_reference();
}

}  // namespace green::detail

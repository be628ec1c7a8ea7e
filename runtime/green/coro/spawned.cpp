// SPDX-License-Identifier: BSL-1.0
#include <green/coro/spawned.h>

#include <green/hub/hub.h>

namespace green::detail {

constinit const agent_model spawned::model_of_tasks = {
    .noun = "task",
    .park = nullptr,
    .yield = nullptr,
    .throw_if_cancelled = [](agent& self, const char*) { self.throw_request(); },
    .unwinding = [](const agent&) noexcept { return false; },  // no destructor can be suspended
    .release = [](agent& self) noexcept { delete &static_cast<spawned&>(self); },
};

spawned::spawned(hub& home, std::coroutine_handle<> body, runner*& carried_by) noexcept
    : agent(home, model_of_tasks, &arrive), chain_(*this, body), body_(body) {
    carried_by = &chain_;
}

void spawned::start() noexcept {
    loop& here = loop_of(home());
    born_coarse_ns = here.last_poll_coarse_ns();
    here.listed.push_back(*this);
    here.agent_begins();
    here.make_ready(*this);
}

// Its first turn, on its hub.
void spawned::arrive(runnable& self) noexcept {
    auto& task = static_cast<spawned&>(self);
    task.runnable::run = &resume;
    task.started.store(true, std::memory_order_relaxed);
    if (task.pending) {  // killed before it ran: no line of it does
        task.note_end(std::exchange(task.pending, nullptr));
        task.end();
    } else {
        resume(self);
    }
}

void spawned::resume(runnable& self) noexcept {
    auto& task = static_cast<spawned&>(self);
    agent* const previous = std::exchange(current_agent, &task);
    spawned* last = &task;
    do {
        last->chain_.run();
        last = static_cast<spawned*>(current_agent);  // another one, when it has left for the next
    } while (last->chain_.is_bouncing());
    if (last->body_.done()) {
        try {
            last->take_result();
        } catch (...) {
            last->note_end(std::current_exception());
        }
        last->end();
    }
    current_agent = previous;
}

// The loop is not asked for by way of `who`, nor its turn's end looked into: the hub does that. So the processor need not
// wait for either to know where it goes on.
inline bool runner::next_is_task(loop& here) noexcept {
    const runnable* next = here.front();
    return next && next->run == &spawned::resume && here.take_turn();
}

inline std::coroutine_handle<> runner::go_to(runnable& next) const noexcept {
    auto& task = static_cast<spawned&>(next);
    current_agent = &task;
    return transfer_into(task.chain_);
}

std::coroutine_handle<> runner::leave() noexcept {
    loop& here = loop_of(*current_hub);
    return next_is_task(here) ? go_to(here.pop_front()) : std::noop_coroutine();
}

std::coroutine_handle<> runner::go_behind() noexcept {
    loop& here = loop_of(*current_hub);
    if (next_is_task(here)) [[likely]] return go_to(here.rotate(who));
    here.make_ready(who);
    return std::noop_coroutine();
}

void spawned::end() noexcept {
    ending = true;
    std::exchange(body_, nullptr).destroy();
    if (locals) locals.reset();
    if (!held_locks.empty()) give_up_locks();
    publish_end();
    list_hook<home_tag>::unlink();
    loop_of(home()).agent_ended();
    drop_reference();
}


}  // namespace green::detail

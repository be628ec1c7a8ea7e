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
    task.chain_.run();
    if (task.body_.done()) {
        try {
            task.take_result();
        } catch (...) {
            task.note_end(std::current_exception());
        }
        task.end();
    }
    current_agent = previous;
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

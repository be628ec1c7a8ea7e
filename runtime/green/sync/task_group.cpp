// SPDX-License-Identifier: BSL-1.0
#include <green/sync/task_group.h>

#include <green/base/check.h>
#include <green/coro/awaiter.h>
#include <green/hub/join.h>
#include <green/hub/uninterrupted.h>

#include <string>

namespace green {

// Learns of the end of one child; deletes itself then.
struct task_group::child final : detail::watch, detail::list_hook<> {
    explicit child(task_group& g) : watch(g.home_), group(g) {}
    void on_ready() noexcept override { group.on_child_ended(*this); }

    task_group& group;
    agent_handle handle;
};

void task_group::child_deleter::operator()(child* c) const noexcept {
    delete c;
}

task_group::task_group() : home_(hub::current()) {}

void task_group::refuse_in_callback() {
    auto& self = detail::scheduler::current().running();
    if (self.attention & detail::agent::is_hub) self.throw_if_cancelled("with_task_group");
}

task_group::~task_group() {
    if (listener_.armed) detail::scope::leave_parked(listener_);
}

task_group::child_record task_group::new_child() {
    detail::check(hub::current_or_null() == &home_, "a task group is used on another thread");
    return child_record(new child(*this));
}

void task_group::adopt(child_record record, const agent_handle& f) {
    child& c = *record.release();
    c.handle = f;
    ++running_count_;
    c.start(detail::join_operation{*f.get_agent()});
}

void task_group::adopt_remote(child_record record, const agent_handle& f) {
    remote_.push_back(*record);
    adopt(std::move(record), f);
    if (scope_.scope_.cancelled()) {
        f.kill_soon();
    } else if (!listener_.armed) {
        listener_.begin({.call = "task_group"});
        scope_.scope_.enter_parked(listener_);
        listener_.armed = true;
    }
}

void task_group::cancel_listener::on_ready() noexcept {
    has_run = true;
    group.remote_.for_each([](child& c) { c.handle.kill_soon(); });
    group.on_progress();
}

void task_group::on_child_ended(child& ended) noexcept {
    auto& among_remote = static_cast<detail::list_hook<>&>(ended);
    if (among_remote.linked()) among_remote.unlink();
    if (auto error = ended.handle.error()) {
        errors_.push_back(std::move(error));
        cancel();
    }
    delete &ended;
    --running_count_;
    on_progress();
}

void task_group::on_progress() noexcept {
    if (!all_ended()) return;
    if (auto* node = joiner_.choose_first()) node->owner->wake();
}

bool task_group::all_ended_operation::enqueue(detail::wait_node& node) noexcept {
    if (group.all_ended()) return true;
    group.joiner_.push_back(node);
    return false;
}

void task_group::all_ended_operation::describe(std::string& out, const void* object) {
    out += "for " + std::to_string(static_cast<const task_group*>(object)->running_count_) + " children";
}

void task_group::note(std::exception_ptr e) {
    cancel();
    try {
        std::rethrow_exception(e);
    } catch (const cancelled& request) {
        if (!scope_.owns(request)) interruption_ = std::move(e);
    } catch (const cancellation&) {
        interruption_ = std::move(e);
    } catch (...) {
        errors_.push_back(std::move(e));
    }
}

void task_group::finish(std::exception_ptr body_end) {
    if (!body_end) {
        try {
            detail::wait_for(all_ended_operation{*this});
        } catch (...) {
            body_end = std::current_exception();
        }
    }
    if (body_end) {
        note(std::move(body_end));
        const detail::uninterrupted until_then;  // the children refer to the group
        detail::wait_for(all_ended_operation{*this});
    }
    conclude();
}

coro::task<void> task_group::finish_task(std::exception_ptr body_end) {
    if (!body_end) {
        try {
            co_await detail::perform(all_ended_operation{*this});
        } catch (...) {
            body_end = std::current_exception();
        }
    }
    if (body_end) {
        note(std::move(body_end));
        const detail::uninterrupted until_then;  // as above
        co_await detail::perform(all_ended_operation{*this});
    }
    conclude();
}

void task_group::conclude() {
    if (errors_.empty()) {
        if (interruption_) std::rethrow_exception(interruption_);
        return;
    }
    if (interruption_) detail::running_agent().put_back(interruption_);
    if (errors_.size() == 1) std::rethrow_exception(errors_.front());
    throw exception_group(std::move(errors_));
}

}  // namespace green

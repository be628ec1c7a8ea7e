// SPDX-License-Identifier: BSL-1.0
// Waiting for the end of a fiber or task, as an operation (hub/operation.h).
#pragma once

#include <green/hub/agent.h>

#include <mutex>

namespace green::detail {

// Takes nothing: any number may wait for the same end.
struct join_operation {
    bool enqueue(wait_node& node) noexcept {
        std::lock_guard guard(target.end_lock);
        if (target.ended()) return node.owner->claim(node);
        target.joiners.push_back(node);
        return false;
    }
    void withdraw(wait_node& node) noexcept {
        std::lock_guard guard(target.end_lock);
        wait_queue::remove(node);
    }
    wait_reason reason() const noexcept {
        return {target.model.join_call, &target, [](std::string& out, const void* object) {
                    out += "of " + static_cast<const agent*>(object)->name();
                }};
    }

    agent& target;
};

// The wait for the end of `joined`. Throws std::system_error (resource_deadlock_would_occur) when that is who runs.
inline join_operation end_of(agent& joined) {
    if (&joined == current_agent) [[unlikely]] joined.refuse_to_join_itself();
    return {joined};
}

}  // namespace green::detail

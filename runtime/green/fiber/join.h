// SPDX-License-Identifier: BSL-1.0
// Waiting for the end of a fiber, as an operation (fiber/park.h).
#pragma once

#include <green/fiber/control.h>

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
        return {"fiber::join", &target, [](std::string& out, const void* object) {
                    out += "of " + static_cast<const control*>(object)->name();
                }};
    }

    control& target;
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// The last that an agent does: it tells whoever waits for its end. In a header because a fiber's whole end is compiled into
// one function (fiber/control.cpp).
#pragma once

#include <green/hub/agent.h>
#include <green/hub/hub.h>

namespace green::detail {

[[gnu::always_inline]] inline void agent::publish_end() noexcept {
    if (error) [[unlikely]] settle_error();
    end_lock.lock();
    has_ended.store(true, std::memory_order_release);
    while (wait_node* node = joiners.choose_first()) node->owner->wake();
    const agent_extras* e = extras.load(std::memory_order_acquire);
    const bool linked = e && e->links;
    end_lock.unlock();
    if (linked) [[unlikely]] schedule_links(*this);
    if (ends_process) [[unlikely]] end_process();
}

}  // namespace green::detail

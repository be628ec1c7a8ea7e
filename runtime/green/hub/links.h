// SPDX-License-Identifier: BSL-1.0
// Callbacks that run once a fiber or task has ended.
#pragma once

#include <green/base/function.h>

#include <cstdint>
#include <list>

namespace green::detail {

class agent;

// The links of one agent in order of registration; guarded by its end_lock.
class link_list {
  public:
    using function = kept_function<void()>;
    struct link {
        std::uint64_t id;
        function f;
    };
    ~link_list();

    std::list<link> links;
};

// Registers f to run on the agent's home hub, never inline, after it has ended; legal after the end.
// Returns an id for remove_link. Any thread.
std::uint64_t add_link(agent& of, link_list::function f);
// The link will not run any more; false when it has or is unknown. Any thread.
bool remove_link(agent& of, std::uint64_t id) noexcept;
// Arranges that the links run, once the agent has ended.
void schedule_links(agent& of) noexcept;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// Callbacks that run once a fiber has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <list>

namespace green::detail {

class control;

// The links of one fiber in order of registration; guarded by the fiber's end_lock.
class link_list {
  public:
    using function = std::function<void()>;
    struct link {
        std::uint64_t id;
        function f;
    };
    std::list<link> links;
};

// Registers f to run on the fiber's home hub, never inline, after the fiber has ended; legal after the end.
// Returns an id for remove_link. Any thread.
std::uint64_t add_link(control& fiber, link_list::function f);
// The link will not run any more; false when it has or is unknown. Any thread.
bool remove_link(control& fiber, std::uint64_t id) noexcept;
// Arranges that the links run, once the fiber has ended.
void schedule_links(control& fiber) noexcept;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/greenlet.h>

namespace green {

greenlet_handle greenlet_handle::parent() const noexcept {
    detail::greenlet_block* above = checked_block().parent;
    if (!above) return {};
    above->add_reference();
    return greenlet_handle(*above);
}

greenlet_handle current_greenlet() {
    auto& running = detail::running_greenlet("current_greenlet");
    running.add_reference();
    return greenlet_handle(running);
}

namespace detail {

// A line of creators that have ended each after creating the next must not grow for ever.
greenlet_block& parent_for(const greenlet_options& options) {
    if (options.parent.valid()) return *options.parent.get_block();
    greenlet_block& creator = running_greenlet("a greenlet is created");
    if (creator.parent && creator.parent->ended) link_parent(creator, live_parent(creator));
    return creator;
}

}  // namespace detail

}  // namespace green

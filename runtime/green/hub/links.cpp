// SPDX-License-Identifier: BSL-1.0
#include <green/hub/links.h>

#include <green/hub/agent_handle.h>
#include <green/hub/hub.h>

#include <atomic>
#include <mutex>

namespace green::detail {

namespace {

std::atomic<std::uint64_t> next_link_id{1};

// Takes the first link, so that a running link may remove a later one.
link_list::function take_first(agent& of) {
    std::lock_guard guard(of.end_lock);
    if (!of.links || of.links->links.empty()) return nullptr;
    auto f = std::move(of.links->links.front().f);
    of.links->links.pop_front();
    return f;
}

}  // namespace

link_list::~link_list() = default;  // here, so that the end of a fiber without links is short

std::uint64_t add_link(agent& of, link_list::function f) {
    const std::uint64_t id = next_link_id.fetch_add(1, std::memory_order_relaxed);
    auto fresh = std::make_unique<link_list>();
    bool over;
    {
        std::lock_guard guard(of.end_lock);
        if (!of.links) of.links = std::move(fresh);
        of.links->links.push_back({id, std::move(f)});
        over = of.ended();
    }
    if (over) schedule_links(of);
    return id;
}

bool remove_link(agent& of, std::uint64_t id) noexcept {
    std::lock_guard guard(of.end_lock);
    return of.links && of.links->links.remove_if([id](const auto& each) { return each.id == id; }) > 0;
}

// Each link is a call of its own on the hub: one that throws is reported there and stops no other. The hub that has no
// thread any more can only be that of an agent that had ended before the link came.
void schedule_links(agent& of) noexcept {
    std::size_t count;
    {
        std::lock_guard guard(of.end_lock);
        count = of.links ? of.links->links.size() : 0;
    }
    for (; count > 0; --count) {
        of.add_reference();  // the handle takes it over
        auto call_next = [handle = agent_handle(of)] {
            if (auto f = take_first(*handle.get_agent())) f();
        };
        if (!of.home().call_soon(call_next)) hub::current().call_soon(std::move(call_next));
    }
}

}  // namespace green::detail

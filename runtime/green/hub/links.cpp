// SPDX-License-Identifier: BSL-1.0
#include <green/hub/links.h>

#include <green/hub/agent_handle.h>
#include <green/hub/hub.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace green::detail {

namespace {

std::atomic<std::uint64_t> next_link_id{1};

// Null when it has none; under its end_lock.
std::list<link_list::link>* links_of(agent& who) noexcept {
    const agent_extras* e = who.extras.load(std::memory_order_acquire);
    return e && e->links ? &e->links->links : nullptr;
}

// Takes the first link, so that a running link may remove a later one.
link_list::function take_first(agent& of) {
    std::lock_guard guard(of.end_lock);
    auto* all = links_of(of);
    if (!all || all->empty()) return nullptr;
    auto f = std::move(all->front().f);
    all->pop_front();
    return f;
}

}  // namespace

link_list::~link_list() = default;  // here, so that the end of a fiber without links is short

std::uint64_t add_link(agent& of, link_list::function f) {
    const std::uint64_t id = next_link_id.fetch_add(1, std::memory_order_relaxed);
    auto fresh = std::make_unique<link_list>();
    std::list<link_list::link> added;
    added.push_back({id, std::move(f)});
    agent_extras& e = of.needed_extras();
    bool over;
    {
        std::lock_guard guard(of.end_lock);
        if (!e.links) e.links = std::move(fresh);
        e.links->links.splice(e.links->links.end(), added);
        over = of.ended();
    }
    if (over) schedule_links(of);
    return id;
}

bool remove_link(agent& of, std::uint64_t id) noexcept {
    std::list<link_list::link> removed;  // what it captured dies after the lock: it may park, or remove another link
    std::lock_guard guard(of.end_lock);
    auto* all = links_of(of);
    if (!all) return false;
    auto found = std::ranges::find(*all, id, &link_list::link::id);
    if (found == all->end()) return false;
    removed.splice(removed.end(), *all, found);
    return true;
}

// Each link is a call of its own on the hub: one that throws is reported there and stops no other. The hub that has no
// thread any more can only be that of an agent that had ended before the link came.
void schedule_links(agent& of) noexcept {
    std::size_t count;
    {
        std::lock_guard guard(of.end_lock);
        const auto* all = links_of(of);
        count = all ? all->size() : 0;
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

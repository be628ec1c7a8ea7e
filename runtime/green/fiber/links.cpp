// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/links.h>

#include <green/fiber/control.h>
#include <green/hub/hub.h>

#include <atomic>
#include <mutex>

namespace green::detail {

namespace {

std::atomic<std::uint64_t> next_link_id{1};

// Takes the first link, so that a running link may remove a later one.
link_list::function take_first(control& fiber) {
    std::lock_guard guard(fiber.end_lock);
    if (!fiber.links || fiber.links->links.empty()) return nullptr;
    auto f = std::move(fiber.links->links.front().f);
    fiber.links->links.pop_front();
    return f;
}

}  // namespace

std::uint64_t add_link(control& fiber, link_list::function f) {
    const std::uint64_t id = next_link_id.fetch_add(1, std::memory_order_relaxed);
    auto fresh = std::make_unique<link_list>();
    bool over;
    {
        std::lock_guard guard(fiber.end_lock);
        if (!fiber.links) fiber.links = std::move(fresh);
        fiber.links->links.push_back({id, std::move(f)});
        over = fiber.ended();
    }
    if (over) schedule_links(fiber);
    return id;
}

bool remove_link(control& fiber, std::uint64_t id) noexcept {
    std::lock_guard guard(fiber.end_lock);
    return fiber.links && fiber.links->links.remove_if([id](const auto& each) { return each.id == id; }) > 0;
}

// Each link is a call of its own on the hub: one that throws is reported there and stops no other.
void schedule_links(control& fiber) noexcept {
    std::size_t count;
    {
        std::lock_guard guard(fiber.end_lock);
        count = fiber.links ? fiber.links->links.size() : 0;
    }
    for (; count > 0; --count) {
        fiber.add_reference();
        fiber.home().call_soon([&fiber, alive = std::shared_ptr<control>(&fiber, [](control* c) {
                                            c->drop_reference();
                                        })] {
            if (auto f = take_first(fiber)) f();
        });
    }
}

}  // namespace green::detail

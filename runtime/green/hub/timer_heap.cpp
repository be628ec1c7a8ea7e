// SPDX-License-Identifier: BSL-1.0
#include <green/hub/timer_heap.h>

#include <algorithm>

namespace green::detail {

void timer_heap::arm(timer& item, time_point deadline) {
    entry added{deadline, next_order_, &item};
    entries_.push_back(added);
    ++next_order_;
    sift_up(static_cast<std::uint32_t>(entries_.size() - 1), added);
}

void timer_heap::disarm(timer& item) noexcept {
    const std::uint32_t hole = item.slot_;
    item.slot_ = timer::unarmed;
    entry moved = entries_.back();
    entries_.pop_back();
    if (hole == entries_.size()) return;
    if (hole > 0 && moved.before(entries_[(hole - 1) / 4]))
        sift_up(hole, moved);
    else
        sift_down(hole, moved);
}

void timer_heap::fire_until(time_point now) noexcept {
    while (!entries_.empty() && entries_.front().deadline <= now) {
        timer& due = *entries_.front().item;
        disarm(due);
        due.fire_(due);
    }
}

void timer_heap::clear() noexcept {
    for (entry& each : entries_) each.item->slot_ = timer::unarmed;
    entries_.clear();
}

void timer_heap::place(std::uint32_t slot, const entry& e) noexcept {
    entries_[slot] = e;
    e.item->slot_ = slot;
}

void timer_heap::sift_up(std::uint32_t slot, entry moving) noexcept {
    while (slot > 0) {
        std::uint32_t parent = (slot - 1) / 4;
        if (!moving.before(entries_[parent])) break;
        place(slot, entries_[parent]);
        slot = parent;
    }
    place(slot, moving);
}

void timer_heap::sift_down(std::uint32_t slot, entry moving) noexcept {
    const auto size = static_cast<std::uint32_t>(entries_.size());
    for (;;) {
        std::uint32_t first_child = slot * 4 + 1;
        if (first_child >= size) break;
        std::uint32_t soonest = first_child;
        for (std::uint32_t child = first_child + 1; child < std::min(first_child + 4, size); ++child)
            if (entries_[child].before(entries_[soonest])) soonest = child;
        if (!entries_[soonest].before(moving)) break;
        place(slot, entries_[soonest]);
        slot = soonest;
    }
    place(slot, moving);
}

}  // namespace green::detail

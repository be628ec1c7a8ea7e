// SPDX-License-Identifier: BSL-1.0
#include <green/hub/timer_heap.h>

#include <algorithm>

namespace green::detail {

// Entry 0 lies in the last quarter of a cache line, so that entries 4n+1 to 4n+4 fill one:
//
//     | . . . 0 | 1 2 3 4 | 5 6 7 8 | ...
void timer_heap::grow() {
    constexpr std::size_t skipped = 3;
    static_assert(sizeof(entry) * (skipped + 1) == 64);
    memory_.grow();
    entries_ = reinterpret_cast<entry*>(memory_.data()) + skipped;
    capacity_ = static_cast<std::uint32_t>(memory_.size_bytes() / sizeof(entry) - skipped);
}

// Written member by member, into place: a copied entry would be stored in halves and loaded as a whole, which the
// processor cannot forward from store to load.
[[gnu::always_inline]] inline void timer_heap::place(std::uint32_t slot, entry e) noexcept {
    entries_[slot].deadline = e.deadline;
    entries_[slot].item = e.item;
    e.item->slot_ = slot;
}

void timer_heap::arm(timer& item, time_point deadline) {
    if (size_ == capacity_) [[unlikely]] grow();
    item.order_ = next_order_++;
    sift_up(size_++, {deadline, &item});
}

void timer_heap::disarm(timer& item) noexcept {
    const std::uint32_t hole = item.slot_;
    item.slot_ = timer::unarmed;
    --size_;
    if (hole == size_) return;
    const entry moved = entries_[size_];
    if (hole > 0 && moved.before(entries_[(hole - 1) / 4]))
        sift_up(hole, moved);
    else
        sift_down(hole, moved);
}

void timer_heap::fire_until(time_point now) noexcept {
    while (!empty() && entries_[0].deadline <= now) {
        timer& due = *entries_[0].item;
        disarm(due);
        due.fire_(due);
    }
}

void timer_heap::clear() noexcept {
    for (std::uint32_t slot = 0; slot < size_; ++slot) entries_[slot].item->slot_ = timer::unarmed;
    size_ = 0;
}

[[gnu::always_inline]] inline void timer_heap::sift_up(std::uint32_t slot, entry moving) noexcept {
    while (slot > 0) {
        const std::uint32_t parent = (slot - 1) / 4;
        if (!moving.before(entries_[parent])) break;
        place(slot, entries_[parent]);
        slot = parent;
    }
    place(slot, moving);
}

std::uint32_t timer_heap::soonest_of(std::uint32_t first, std::uint32_t end) const noexcept {
    std::uint32_t soonest = first;
    for (std::uint32_t child = first + 1; child < end; ++child)
        if (entries_[child].before(entries_[soonest])) soonest = child;
    return soonest;
}

// A tournament that is computed rather than branched on, because which child wins is a coin toss that no predictor
// learns; std::min, the sum and the multiplication keep GCC from branching. Only a tie, which is rare, is a branch.
[[gnu::always_inline]] inline std::uint32_t timer_heap::soonest_of_four(std::uint32_t first) const noexcept {
    const auto key = [children = entries_ + first](int i) { return children[i].deadline.time_since_epoch().count(); };
    const std::int64_t left = std::min(key(0), key(1)), right = std::min(key(2), key(3));
    const int ties = (key(0) == key(1)) + (key(2) == key(3)) + (left == right);
    if (ties > 0) [[unlikely]] return soonest_of(first, first + 4);
    const std::uint32_t left_slot = first + (key(1) < key(0)), right_slot = first + 2 + (key(3) < key(2));
    return left_slot + (right_slot - left_slot) * (right < left);
}

// While the children are compared, the lines that hold theirs come in: among a million timers, the wait for memory
// at each level is what an expiry costs.
[[gnu::always_inline]] inline void timer_heap::prefetch_grandchildren(std::uint32_t first_child) const noexcept {
    const std::uint32_t first = first_child * 4 + 1;
    if (first >= size_) return;
    for (std::uint32_t line = 0; line < 4; ++line) __builtin_prefetch(entries_ + first + line * 4);
}

void timer_heap::sift_down(std::uint32_t slot, entry moving) noexcept {
    const std::uint32_t size = size_;  // or it would be read again after every write
    for (std::uint32_t first_child; (first_child = slot * 4 + 1) < size;) {
        prefetch_grandchildren(first_child);
        const std::uint32_t soonest =
            first_child + 4 <= size ? soonest_of_four(first_child) : soonest_of(first_child, size);
        if (!entries_[soonest].before(moving)) break;
        place(slot, entries_[soonest]);
        slot = soonest;
    }
    place(slot, moving);
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/hub/timer_heap.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace green::detail {

namespace {
constexpr std::align_val_t cache_line{64};
constexpr std::uint32_t first_capacity = 61;
}  // namespace

void timer_heap::freer::operator()(std::byte* memory) const noexcept {
    ::operator delete(memory, cache_line);
}

// Entry 0 lies in the last quarter of a cache line, so that entries 4n+1 to 4n+4 fill one:
//
//     | . . . 0 | 1 2 3 4 | 5 6 7 8 | ...
void timer_heap::grow() {
    static_assert(sizeof(entry) * 4 == static_cast<std::size_t>(cache_line));
    const std::uint32_t capacity = capacity_ ? capacity_ * 2 + 3 : first_capacity;
    std::unique_ptr<std::byte, freer> memory(
        static_cast<std::byte*>(::operator new((capacity + std::size_t{3}) * sizeof(entry), cache_line)));
    auto* entries = reinterpret_cast<entry*>(memory.get()) + 3;
    std::uninitialized_copy_n(entries_, size_, entries);
    entries_ = entries;
    capacity_ = capacity;
    memory_ = std::move(memory);
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

void timer_heap::sift_down(std::uint32_t slot, entry moving) noexcept {
    for (;;) {
        const std::uint32_t first_child = slot * 4 + 1;
        if (first_child >= size_) break;
        const std::uint32_t end = std::min(first_child + 4, size_);
        std::uint32_t soonest = first_child;
        for (std::uint32_t child = first_child + 1; child < end; ++child)
            if (entries_[child].before(entries_[soonest])) soonest = child;
        if (!entries_[soonest].before(moving)) break;
        place(slot, entries_[soonest]);
        slot = soonest;
    }
    place(slot, moving);
}

}  // namespace green::detail

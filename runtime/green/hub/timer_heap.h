// SPDX-License-Identifier: BSL-1.0
// All deadlines of one hub, soonest first: a 4-ary heap in one dense array.
//
// The array holds the deadlines, so that sifting among a million timers touches no timer but those that move.
// Rejected: a hierarchical wheel (O(1), but it rounds deadlines to its tick; arming and cancelling at the end of a
// heap, the usual life of a timeout, is as cheap).
#pragma once

#include <green/base/page_memory.h>
#include <green/base/time.h>

#include <cstddef>
#include <cstdint>

namespace green::detail {

// One deadline. Lives in its owner; must be disarmed before it dies.
class timer {
  public:
    using function = void (*)(timer&) noexcept;
    explicit timer(function fire) noexcept : fire_(fire) {}
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    bool armed() const noexcept { return slot_ != unarmed; }

  private:
    friend class timer_heap;
    static constexpr std::uint32_t unarmed = UINT32_MAX;

    function fire_;  // called on the hub's own context, after disarming
    std::uint32_t slot_ = unarmed;
    std::uint32_t order_ = 0;  // among equal deadlines; valid while armed
};

class timer_heap {
  public:
    // With room for a page of timers, for which no memory can be missing later. Throws std::bad_alloc.
    timer_heap() { grow(); }
    timer_heap(const timer_heap&) = delete;
    timer_heap& operator=(const timer_heap&) = delete;

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    time_point soonest() const noexcept { return empty() ? never : entries_[0].deadline; }
    time_point deadline_of(const timer& item) const noexcept { return entries_[item.slot_].deadline; }

    // Equal deadlines fire in the order they were armed. Throws std::bad_alloc.
    void arm(timer& item, time_point deadline);
    void disarm(timer& item) noexcept;
    // Fires every timer whose deadline is not after `now`, each disarmed first.
    void fire_until(time_point now) noexcept;
    // Forgets all timers without firing them.
    void clear() noexcept;

  private:
    struct entry {
        time_point deadline;
        timer* item;
        // The timers themselves are looked at only when the deadlines are equal. Orders wrap around; two that are
        // armed at the same time are never 2^31 apart.
        bool before(const entry& other) const noexcept {
            if (deadline != other.deadline) return deadline < other.deadline;
            return static_cast<std::int32_t>(item->order_ - other.item->order_) < 0;
        }
    };

    void grow();
    void place(std::uint32_t slot, entry e) noexcept;
    void sift_up(std::uint32_t slot, entry moving) noexcept;
    void sift_down(std::uint32_t slot, entry moving) noexcept;
    // Which of the siblings in [first, end), or of a whole family of four, fires first.
    std::uint32_t soonest_of(std::uint32_t first, std::uint32_t end) const noexcept;
    std::uint32_t soonest_of_four(std::uint32_t first) const noexcept;
    void prefetch_grandchildren(std::uint32_t first_child) const noexcept;

    entry* entries_ = nullptr;  // placed so that the four children of each entry share a cache line
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
    std::uint32_t next_order_ = 0;
    page_memory memory_;
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// All deadlines of one hub, soonest first: a 4-ary heap in one dense array.
//
// The array holds deadline and order beside the pointer, so that sifting a million timers touches no timer but
// the ones that move. Rejected: a hierarchical wheel (O(1), but it rounds deadlines to its tick, and arming and
// cancelling at the end of a heap, the usual life of a timeout, is as cheap).
#pragma once

#include <green/base/time.h>

#include <cstdint>
#include <vector>

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
};

class timer_heap {
  public:
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    time_point soonest() const noexcept { return entries_.empty() ? never : entries_.front().deadline; }

    // Equal deadlines fire in the order they were armed. Throws std::bad_alloc.
    void arm(timer& item, time_point deadline);
    void disarm(timer& item) noexcept;
    // Fires every timer whose deadline is not after `now`, each disarmed first.
    void fire_until(time_point now) noexcept;
    time_point deadline_of(const timer& item) const noexcept { return entries_[item.slot_].deadline; }
    // Forgets all timers without firing them.
    void clear() noexcept;

  private:
    struct entry {
        time_point deadline;
        std::uint64_t order;
        timer* item;
        bool before(const entry& other) const noexcept {
            return deadline != other.deadline ? deadline < other.deadline : order < other.order;
        }
    };

    void place(std::uint32_t slot, const entry& e) noexcept;
    void sift_up(std::uint32_t slot, entry moving) noexcept;
    void sift_down(std::uint32_t slot, entry moving) noexcept;

    std::vector<entry> entries_;
    std::uint64_t next_order_ = 0;
};

}  // namespace green::detail

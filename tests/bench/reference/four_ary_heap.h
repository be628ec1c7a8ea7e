// SPDX-License-Identifier: BSL-1.0
// The timer queue to compare a hub's timers with: an intrusive 4-ary heap, as plain and as quick as can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

// Owned by whoever armed it; must stay where it is while it is in a heap.
struct heap_timer {
    static constexpr std::uint32_t idle = UINT32_MAX;

    std::int64_t deadline_ns = 0;
    std::uint32_t position = idle;  // index in the heap's array; `idle` outside a heap
};

// Arms, cancels and expires timers in O(log4 n). The array holds the deadlines beside the pointers, so that
// the four children compared in one step lie in one cache line and no timer is touched for a comparison; only
// a timer that moves is written to, because it has to know its position for a cancel.
class four_ary_heap {
  public:
    bool empty() const { return slots_.empty(); }
    std::int64_t next_deadline_ns() const { return slots_.front().deadline_ns; }

    void arm(heap_timer& timer, std::int64_t deadline_ns) {
        timer.deadline_ns = deadline_ns;
        slots_.push_back({deadline_ns, &timer});
        rise(slots_.size() - 1, slots_.back());
    }

    void cancel(heap_timer& timer) {
        std::size_t hole = timer.position;
        timer.position = heap_timer::idle;
        slot last = slots_.back();
        slots_.pop_back();
        if (hole == slots_.size()) return;
        if (hole > 0 && last.deadline_ns < slots_[(hole - 1) / 4].deadline_ns) {
            rise(hole, last);
        } else {
            sink(hole, last);
        }
    }

    // Calls `expired(timer)` for each timer due at `now_ns`, in order; each is out of the heap by then.
    template <class Expired>
    void expire(std::int64_t now_ns, Expired expired) {
        while (!slots_.empty() && slots_.front().deadline_ns <= now_ns) {
            heap_timer& timer = *slots_.front().timer;
            cancel(timer);
            expired(timer);
        }
    }

  private:
    struct slot {
        std::int64_t deadline_ns;
        heap_timer* timer;
    };

    void place(std::size_t position, slot one) {
        slots_[position] = one;
        one.timer->position = static_cast<std::uint32_t>(position);
    }

    void rise(std::size_t hole, slot one) {
        while (hole > 0) {
            std::size_t parent = (hole - 1) / 4;
            if (slots_[parent].deadline_ns <= one.deadline_ns) break;
            place(hole, slots_[parent]);
            hole = parent;
        }
        place(hole, one);
    }

    void sink(std::size_t hole, slot one) {
        for (;;) {
            std::size_t first = 4 * hole + 1;
            if (first >= slots_.size()) break;
            std::size_t end = first + 4 < slots_.size() ? first + 4 : slots_.size();
            std::size_t least = first;
            for (std::size_t child = first + 1; child < end; ++child) {
                if (slots_[child].deadline_ns < slots_[least].deadline_ns) least = child;
            }
            if (one.deadline_ns <= slots_[least].deadline_ns) break;
            place(hole, slots_[least]);
            hole = least;
        }
        place(hole, one);
    }

    std::vector<slot> slots_;
};

}  // namespace bench

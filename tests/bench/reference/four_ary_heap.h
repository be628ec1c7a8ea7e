// SPDX-License-Identifier: BSL-1.0
// The timer queue to compare a hub's timers with: an intrusive 4-ary heap, as plain and as quick as can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace bench {

// Owned by whoever armed it; must stay where it is while it is in a heap.
struct heap_timer {
    static constexpr std::uint32_t idle = 0;

    std::int64_t deadline_ns = 0;
    std::uint32_t position = idle;  // index in the heap's array; `idle` outside a heap
};

// Arms, cancels and expires timers in O(log4 n). Equal deadlines expire in any order.
//
// The array holds the deadlines beside the pointers, so that no timer is touched for a comparison; only a
// timer that moves is written to, because it has to know its position for a cancel. The root sits at index 3,
// and the array at the start of a cache line, so that the four children compared in one step are one line:
//
//     index      0 1 2  3     4 5 6 7      8 9 10 11      12 13 14 15
//     holds      -----  root  its children children of 4  children of 5
class four_ary_heap {
  public:
    four_ary_heap() : slots_(root) {}

    bool empty() const { return slots_.size() == root; }

    void arm(heap_timer& timer, std::int64_t deadline_ns) {
        timer.deadline_ns = deadline_ns;
        slots_.push_back({deadline_ns, &timer});
        rise(slots_.size() - 1, {deadline_ns, &timer});
    }

    // Looks first whether the timer is the last one: a time-out that is cancelled soon usually is.
    void cancel(heap_timer& timer) {
        std::size_t hole = timer.position;
        timer.position = heap_timer::idle;
        if (hole + 1 == slots_.size()) return slots_.pop_back();
        slot last = slots_.back();
        slots_.pop_back();
        if (hole > root && last.deadline_ns < slots_[parent_of(hole)].deadline_ns) {
            rise(hole, last);
        } else {
            sink(hole, last);
        }
    }

    // Calls `expired(timer)` for each timer due at `now_ns`, in order; each is out of the heap by then.
    template <class Expired>
    void expire(std::int64_t now_ns, Expired expired) {
        while (!empty() && slots_[root].deadline_ns <= now_ns) {
            heap_timer& timer = *slots_[root].timer;
            cancel(timer);
            expired(timer);
        }
    }

  private:
    struct slot {
        std::int64_t deadline_ns;
        heap_timer* timer;
    };

    // Aligns the array to a cache line, which std::allocator does not.
    template <class Value>
    struct line_allocator {
        using value_type = Value;
        static constexpr std::align_val_t line{64};

        line_allocator() = default;
        template <class Other>
        line_allocator(const line_allocator<Other>&) {}
        Value* allocate(std::size_t count) {
            return static_cast<Value*>(::operator new(count * sizeof(Value), line));
        }
        void deallocate(Value* values, std::size_t) { ::operator delete(values, line); }
        bool operator==(const line_allocator&) const = default;
    };

    static constexpr std::size_t root = 3;

    static std::size_t parent_of(std::size_t position) { return position / 4 + 2; }
    static std::size_t first_child_of(std::size_t position) { return 4 * (position - 2); }

    void place(std::size_t position, slot one) {
        slots_[position] = one;
        one.timer->position = static_cast<std::uint32_t>(position);
    }

    void rise(std::size_t hole, slot one) {
        while (hole > root && one.deadline_ns < slots_[parent_of(hole)].deadline_ns) {
            place(hole, slots_[parent_of(hole)]);
            hole = parent_of(hole);
        }
        place(hole, one);
    }

    void sink(std::size_t hole, slot one) {
        for (std::size_t first = first_child_of(hole); first < slots_.size(); first = first_child_of(hole)) {
            std::size_t least = first + 4 <= slots_.size() ? least_of_four(first) : least_of_rest(first);
            if (one.deadline_ns <= slots_[least].deadline_ns) break;
            place(hole, slots_[least]);
            hole = least;
        }
        place(hole, one);
    }

    // A tournament whose results are added up rather than branched on: which child wins is a coin toss that
    // no predictor learns.
    std::size_t least_of_four(std::size_t first) const {
        auto before = [this](std::size_t a, std::size_t b) {
            return static_cast<std::size_t>(slots_[a].deadline_ns < slots_[b].deadline_ns);
        };
        std::size_t left = first + before(first + 1, first);
        std::size_t right = first + 2 + before(first + 3, first + 2);
        return left + (right - left) * before(right, left);
    }

    std::size_t least_of_rest(std::size_t first) const {
        std::size_t least = first;
        for (std::size_t child = first + 1; child < slots_.size(); ++child) {
            if (slots_[child].deadline_ns < slots_[least].deadline_ns) least = child;
        }
        return least;
    }

    std::vector<slot, line_allocator<slot>> slots_;
};

}  // namespace bench

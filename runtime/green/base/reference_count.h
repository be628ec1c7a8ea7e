// SPDX-License-Identifier: BSL-1.0
// How many owners something has, counted across threads.
#pragma once

#include <green/base/single_threaded.h>

#include <atomic>
#include <cstdint>

namespace green::detail {

class reference_count {
  public:
    explicit reference_count(std::uint32_t initial) noexcept : count_(initial) {}

    void add() noexcept {
        if (single_threaded())
            count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        else
            count_.fetch_add(1, std::memory_order_relaxed);
    }

    // True when that was the last one. The last owner needs no locked instruction: nobody else can add or drop.
    [[nodiscard]] bool drop() noexcept {
        const std::uint32_t seen = count_.load(std::memory_order_acquire);
        if (seen == 1) return true;
        if (!single_threaded()) return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
        count_.store(seen - 1, std::memory_order_relaxed);
        return false;
    }

    // By whoever dropped the last one: there is one owner again.
    void revive() noexcept { count_.store(1, std::memory_order_relaxed); }

    // Gives one up only if more than `floor` there are; false when not.
    [[nodiscard]] bool drop_if_above(std::uint32_t floor) noexcept {
        std::uint32_t seen = count_.load(std::memory_order_relaxed);
        while (seen > floor)
            if (count_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) return true;
        return false;
    }

    std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }

  private:
    std::atomic<std::uint32_t> count_;
};

}  // namespace green::detail

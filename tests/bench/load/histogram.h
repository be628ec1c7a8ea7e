// SPDX-License-Identifier: BSL-1.0
// A compact histogram of times: log-linear, 64 steps to each doubling, so that a percentile is right to 1.6 %.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bench {

class histogram {
  public:
    void add(std::chrono::nanoseconds time) {
        ++counts_[place_of(static_cast<std::uint64_t>(time.count()))];
        ++total_;
    }
    // The time that the part `share` (0 to 1) of all did not exceed, in microseconds; 0 of none.
    double percentile_us(double share) const;
    void clear() { *this = {}; }

  private:
    static constexpr unsigned step_bits = 6;
    static constexpr std::size_t steps = std::size_t{1} << step_bits;

    static std::size_t place_of(std::uint64_t ns) {
        if (ns < 2 * steps) return ns;
        const auto shift = static_cast<unsigned>(std::bit_width(ns)) - step_bits - 1;
        return shift * steps + (ns >> shift);
    }
    static double middle_of(std::size_t place) {
        if (place < 2 * steps) return static_cast<double>(place);
        const std::size_t shift = place / steps - 1;
        return static_cast<double>((place - shift * steps) << shift) + static_cast<double>(std::uint64_t{1} << shift) / 2;
    }

    std::array<std::uint64_t, 59 * steps> counts_{};
    std::uint64_t total_ = 0;
};

inline double histogram::percentile_us(double share) const {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        seen += counts_[place];
        if (seen != 0 && static_cast<double>(seen) >= wanted) return middle_of(place) / 1e3;
    }
    return 0;
}

}  // namespace bench

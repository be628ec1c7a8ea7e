// SPDX-License-Identifier: BSL-1.0
// The one clock of green: monotonic nanoseconds. Durations and deadlines are types, never bare numbers.
#pragma once

#include <chrono>

namespace green {

// Monotonic, so that setting the wall clock neither fires nor delays a timer (clock_gettime(2), CLOCK_MONOTONIC).
using clock = std::chrono::steady_clock;
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<clock, duration>;

// A deadline that never passes. Waits without a deadline carry this value.
inline constexpr time_point never = time_point::max();

// Any std::chrono duration as nanoseconds; what is out of range becomes the nearest representable value, so
// that `hours::max()` means "practically for ever" instead of overflowing into the past.
template <class Rep, class Period>
constexpr duration saturate(std::chrono::duration<Rep, Period> d) {
    using wide = std::chrono::duration<long double, std::nano>;
    if (wide(d) >= wide(duration::max())) return duration::max();
    if (wide(d) <= wide(duration::min())) return duration::min();
    return std::chrono::duration_cast<duration>(d);
}
constexpr duration saturate(duration d) {
    return d;
}

// `start + d`, or `never` when the sum does not fit.
constexpr time_point add(time_point start, duration d) {
    return d > never - start ? never : start + d;
}

}  // namespace green

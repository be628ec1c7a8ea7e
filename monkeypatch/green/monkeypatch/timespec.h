// SPDX-License-Identifier: BSL-1.0
// Time limits as libc's calls have them.
#pragma once

#include <green/base/time.h>

#include <chrono>

#include <time.h>

namespace green::monkeypatch::detail {

// What the kernel takes; all else is EINVAL.
inline bool is_valid(const timespec& t) noexcept {
    constexpr long nanoseconds_per_second = 1'000'000'000;
    return t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < nanoseconds_per_second;
}

inline duration to_duration(const timespec& t) noexcept {
    return add(time_point(saturate(std::chrono::seconds(t.tv_sec))), duration(t.tv_nsec)).time_since_epoch();
}

inline timespec to_timespec(duration d) noexcept {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(d);
    return {static_cast<time_t>(seconds.count()), static_cast<long>((d - seconds).count())};
}

// The moment when a wait of `limit` from `now` on is over: `min` for one that does not wait, never for null.
inline time_point deadline_after(time_point now, const timespec* limit) noexcept {
    if (!limit) return never;
    const duration length = to_duration(*limit);
    return length == duration::zero() ? time_point::min() : add(now, length);
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/time_limits.h>

#include <green/sys/calls.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include <sys/socket.h>
#include <sys/time.h>

namespace green::monkeypatch::detail {

using green::detail::fd_state;
using green::detail::scheduler;

namespace {

// How often limits have been set, counted from 1. A state that has no limit remembers the count at which that was so.
constinit std::atomic<std::uint32_t> changes{1};

duration limit_of(int fd, int option) noexcept {
    timeval limit{};
    unsigned size = sizeof limit;
    const int before = errno;
    if (sys::getsockopt(fd, SOL_SOCKET, option, &limit, &size) != 0) errno = before;
    return saturate(std::chrono::seconds(limit.tv_sec)) + std::chrono::microseconds(limit.tv_usec);
}

time_point deadline_of(scheduler& s, int fd, int option, int other_option) noexcept {
    const std::uint32_t now = changes.load(std::memory_order_relaxed);
    fd_state* state = s.loop().poller().known_state(fd);
    if (state && state->without_limits_at == now) return never;
    const duration limit = limit_of(fd, option);
    if (limit > duration::zero()) return add(s.loop().now(), limit);
    if (state && limit_of(fd, other_option) == duration::zero()) state->without_limits_at = now;
    return never;
}

}  // namespace

time_point deadline_of_send(scheduler& s, int fd) noexcept {
    return deadline_of(s, fd, SO_SNDTIMEO, SO_RCVTIMEO);
}

time_point deadline_of_receive(scheduler& s, int fd) noexcept {
    return deadline_of(s, fd, SO_RCVTIMEO, SO_SNDTIMEO);
}

void note_option_set(int name) noexcept {
    switch (name) {
        case SO_RCVTIMEO:
        case SO_SNDTIMEO:
        case SO_RCVTIMEO_NEW:
        case SO_SNDTIMEO_NEW:
            changes.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace green::monkeypatch::detail

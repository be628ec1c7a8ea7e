// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/blocking.h>

#include <green/sys/calls.h>

#include <chrono>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace green::monkeypatch::detail {

using green::detail::fd_event;
using green::detail::outcome;
using green::detail::watched_fd;

namespace {

// SO_RCVTIMEO or SO_SNDTIMEO; never for one without, and for what is no socket.
time_point deadline_of(scheduler& s, int fd, std::uint32_t events) noexcept {
    timeval limit{};
    unsigned size = sizeof limit;
    const int error = errno;
    if (sys::getsockopt(fd, SOL_SOCKET, events & EPOLLOUT ? SO_SNDTIMEO : SO_RCVTIMEO, &limit, &size) != 0) {
        errno = error;
        return never;
    }
    if (limit.tv_sec == 0 && limit.tv_usec == 0) return never;
    return add(s.loop().now(), saturate(std::chrono::seconds(limit.tv_sec)) + std::chrono::microseconds(limit.tv_usec));
}

}  // namespace

bool is_nonblocking(int fd) noexcept {
    const int flags = sys::fcntl(fd, F_GETFL, 0);
    return flags >= 0 && (flags & O_NONBLOCK);
}

int wait_event(scheduler& s, std::span<watched_fd> watched, time_point deadline, const char* call,
               restarts how, const unsigned* handlers_before) noexcept {
    bool interrupted = false;
    const bool waits_for_signals = watched.empty() && deadline == never;  // which may come though nothing else can
    if (waits_for_signals) s.loop().hold();
    const outcome result =
        interruptible_wait(s, fd_event(s.loop().poller(), watched, call), deadline, how, interrupted, handlers_before);
    if (waits_for_signals) s.loop().release();
    if (interrupted) return EINTR;
    switch (result) {
        case outcome::timed_out:
            return ETIMEDOUT;
        case outcome::cancelled:
            return ECANCELED;
        default:
            break;
    }
    for (const watched_fd& each : watched)
        if (each.closed_meanwhile()) return EBADF;
    return 0;
}

int wait_event(scheduler& s, int fd, std::uint32_t events, time_point deadline, const char* call, restarts how) noexcept {
    watched_fd watched;
    const int refusal = watched.begin(s.loop().poller(), fd, events);
    return refusal ? refusal : wait_event(s, {&watched, 1}, deadline, call, how);
}

bool blocking_call::may_try_again() noexcept {
    if (!is_known_to_block_) {
        if (is_nonblocking(fd_)) {
            take_turn();
            errno = EAGAIN;
            return false;
        }
        deadline_ = deadline_of(scheduler_, fd_, events_);
        is_known_to_block_ = true;
    }
    const int before = errno;
    const restarts how = deadline_ == never ? restarts::yes : restarts::no;
    const int error = wait_event(scheduler_, fd_, events_, deadline_, call_, how);
    errno = error == ETIMEDOUT ? EAGAIN : error ? error : before;
    return !error;
}

}  // namespace green::monkeypatch::detail

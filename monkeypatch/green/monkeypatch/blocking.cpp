// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/blocking.h>

#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/time_limits.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <chrono>

#include <fcntl.h>

namespace green::monkeypatch::detail {

using green::detail::direction;
using green::detail::fd_event;
using green::detail::fd_state;
using green::detail::outcome;
using green::detail::watched_fd;

bool is_nonblocking(int fd) noexcept {
    const int flags = sys::fcntl(fd, F_GETFL, 0);
    return flags >= 0 && (flags & O_NONBLOCK);
}

int wait_event(scheduler& s, std::span<watched_fd> watched, time_point deadline, waiting_call& call,
               restarts how, const sigset_t* mask) noexcept {
    interruption interrupted;
    const outcome result = interruptible_wait(s, fd_event(s.loop().poller(), watched, call.name()), deadline, call, how,
                                              interrupted, mask);
    interrupted.jump_if_asked();
    if (interrupted.happened) return EINTR;
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

int wait_event(scheduler& s, int fd, std::uint32_t events, time_point deadline, waiting_call& call, restarts how) noexcept {
    watched_fd watched;
    const int refusal = watched.begin(s.loop().poller(), fd, events | EPOLLHUP | EPOLLERR);
    return refusal ? refusal : wait_event(s, {&watched, 1}, deadline, call, how);
}

bool blocking_call::blocks() noexcept {
    if (is_known_to_block_) return true;
    if (is_nonblocking(fd_)) return false;
    deadline_ = events_ & EPOLLOUT ? deadline_of_send(scheduler_, fd_) : deadline_of_receive(scheduler_, fd_);
    return is_known_to_block_ = true;
}

bool blocking_call::wait() noexcept {
    const int before = errno;
    const restarts how = deadline_ == never || is_limited_ ? restarts::yes : restarts::no;
    const int error = has_event_ ? wait_event(scheduler_, fd_, events_, deadline_, call_, how) : pause(how);
    errno = error == ETIMEDOUT ? EAGAIN : error ? error : before;
    return !error;
}

int blocking_call::pause(restarts how) noexcept {
    constexpr duration interval = std::chrono::milliseconds(2);
    const time_point end = std::min(deadline_, add(scheduler_.loop().now(), interval));
    const int error = wait_event(scheduler_, {}, end, call_, how);
    return error == ETIMEDOUT && scheduler_.loop().now() < deadline_ ? 0 : error;
}

void blocking_call::note_short_read() noexcept {
    fd_state* known = scheduler_.loop().poller().known_state(fd_);
    if (known && known->registered && !known->asks_always && short_read_empties(scheduler_, fd_))
        known->side(direction::read).drained = true;
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// What a blocking call does when the kernel says EAGAIN: parks until the descriptor has an event, and tries again.
//
// Whether a descriptor is blocking is not remembered but asked, and only then: the flag belongs to the open file
// description, which other threads, children and dups share.
//
// A read that gave less than asked for has emptied a TCP connection: the next one parks without asking the kernel first
// (hub/poller.h).
#pragma once

#include <green/base/time.h>
#include <green/fiber/park.h>
#include <green/fiber/scheduler.h>
#include <green/io/fd_event.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/interruption.h>

#include <cerrno>
#include <cstdint>
#include <span>

#include <sys/epoll.h>
#include <sys/types.h>

namespace green::monkeypatch::detail {

using green::detail::scheduler;

// Parks until one of `watched` has an event. Returns 0, ETIMEDOUT, ECANCELED, EINTR after a signal handler, or EBADF
// when one was closed meanwhile. (`mask`: see interruption.h.)
int wait_event(scheduler& s, std::span<green::detail::watched_fd> watched, time_point deadline, waiting_call& call,
               restarts how, const sigset_t* mask = nullptr) noexcept;

// The same for one descriptor; also what epoll_ctl(2) refuses, and ENOMEM.
int wait_event(scheduler& s, int fd, std::uint32_t events, time_point deadline, waiting_call& call, restarts how) noexcept;

// One blocking call on one descriptor.
class blocking_call {
  public:
    // `events`: EPOLLIN or EPOLLOUT, which also says whose time limit counts. `call` names it in dumps and statistics: a name of symbols.def.
    blocking_call(scheduler& s, int fd, std::uint32_t events, const char* call) noexcept
        : scheduler_(s), call_(call), fd_(fd), events_(events) {
        forget_unless_closes_are_seen(s, fd);
    }

    // After EAGAIN: whether there is to be another try. If not, errno says why.
    bool may_try_again() noexcept {
        if (blocks()) return wait();
        take_turn();
        errno = EAGAIN;
        return false;
    }

    // attempt() makes the call in a way that never blocks, and returns its result or a negative errno.
    template <class Attempt>
    ssize_t perform(Attempt attempt) noexcept {
        for (;;) {
            const ssize_t result = attempt();
            if (result >= 0) [[likely]] {
                take_turn();
                return result;
            }
            if (result == -EAGAIN) {
                if (may_try_again()) continue;
                return -1;
            }
            errno = static_cast<int>(-result);
            return -1;
        }
    }

    // The same for a call that reads. is_short(count): that many bytes are less than it would have taken.
    template <class Attempt, class IsShort>
    ssize_t receive(Attempt attempt, IsShort is_short) noexcept {
        if (is_emptied() && blocks() && !wait()) return -1;
        return perform([this, attempt, is_short] {
            const ssize_t count = attempt();
            if (count > 0 && is_short(static_cast<std::size_t>(count))) note_short_read();
            return count;
        });
    }

    // What it waits for makes no event: it is to be tried again every 2 ms.
    void expect_no_event() noexcept { has_event_ = false; }

    // It ends after this time of waiting, counted from now; of several limits the first counts.
    void limit_wait(duration limit) noexcept {
        if (is_limited_) return;
        is_limited_ = is_known_to_block_ = true;
        deadline_ = add(scheduler_.loop().now(), limit);
    }
    bool is_limited() const noexcept { return is_limited_; }

    // Lets the others run now and then, if none of its calls has to wait.
    void take_turn() noexcept {
        spend_turn(scheduler_, scheduler_.running());
    }

  private:
    // Not O_NONBLOCK; asked once. Then the deadline is known too.
    bool blocks() noexcept;
    // Parks until there is an event. False, and errno says why, when there will be no further try.
    bool wait() noexcept;
    int pause(restarts how) noexcept;
    bool is_emptied() const noexcept {
        green::detail::fd_state* known = scheduler_.loop().poller().known_state(fd_);
        return known && known->side(green::detail::direction::read).drained;
    }
    void note_short_read() noexcept;

    scheduler& scheduler_;
    waiting_call call_;
    time_point deadline_ = never;  // unless it had to wait and there is a limit
    int fd_;
    std::uint32_t events_;
    bool is_known_to_block_ = false;
    bool has_event_ = true;
    bool is_limited_ = false;  // by no time limit of a socket
};

// The kernel's O_NONBLOCK of a descriptor.
bool is_nonblocking(int fd) noexcept;

// The result of a call that sends without blocking. When it also opens the connection (MSG_FASTOPEN, TCP_FASTOPEN_CONNECT)
// it says EINPROGRESS, where a blocking one would go on to wait: as for room.
inline long unless_connecting(int fd, long sent) noexcept {
    return sent == -EINPROGRESS && !is_nonblocking(fd) ? -EAGAIN : sent;
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// The single try behind accepting, shared by the fiber call and the co_await form.
#pragma once

#include <green/hub/poller.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace green::detail {

// What accept(2) says of a connection that died while it waited, and not of the listener: "treat them like EAGAIN
// by retrying".
inline bool concerns_the_connection(int error) noexcept {
    switch (error) {
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return true;
        default:
            return false;
    }
}

// Without an event that speaks for a connection it asks first: an accept(2) in vain makes a socket and a file before it
// finds that there is none to accept, and costs as much as several calls of poll(2).
struct accept_attempt {
    const char* call = "accept";
    int fd;
    bool was_woken = false;

    explicit accept_attempt(int listener) noexcept : fd(listener) {}
    ssize_t operator()() noexcept {
        if (!std::exchange(was_woken, true) && !has_one()) return -EAGAIN;
        ssize_t accepted;
        do accepted = sys::or_errno(sys::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        while (accepted < 0 && concerns_the_connection(static_cast<int>(-accepted)));
        if (accepted >= 0) note_opened(static_cast<int>(accepted));
        return accepted;
    }
    bool emptied(ssize_t) const noexcept { return false; }

  private:
    // Also when the question fails: accept(2) knows why.
    bool has_one() const noexcept {
        short seen = 0;
        return sys::poll_now(fd, POLLIN, seen) != 0;
    }
};

}  // namespace green::detail

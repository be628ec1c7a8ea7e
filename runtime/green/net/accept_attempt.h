// SPDX-License-Identifier: BSL-1.0
// The single try behind accepting, shared by the fiber call and the co_await form.
#pragma once

#include <green/sys/calls.h>

#include <cerrno>

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

struct accept_attempt {
    const char* call = "accept";
    int fd;

    explicit accept_attempt(int fd) noexcept : fd(fd) {}
    ssize_t operator()() const noexcept {
        int accepted;
        do accepted = sys::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        while (accepted < 0 && concerns_the_connection(errno));
        return accepted;
    }
    bool emptied(ssize_t) const noexcept { return false; }
};

}  // namespace green::detail

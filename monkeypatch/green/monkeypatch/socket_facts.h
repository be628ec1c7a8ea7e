// SPDX-License-Identifier: BSL-1.0
// What the socket calls ask of a descriptor, and how one is made non-blocking for a moment.
#pragma once

#include <green/sys/calls.h>

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace green::monkeypatch::detail {

// An option of SOL_SOCKET; -1 of what is no socket. errno is not touched.
inline int socket_option(int fd, int name) noexcept {
    const int before = errno;
    int value = -1;
    unsigned size = sizeof value;
    if (sys::getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) errno = before;
    return value;
}

// Makes a descriptor non-blocking for the length of one call that has no other way to say so. Nothing parks meanwhile.
class nonblocking_for_now {
  public:
    explicit nonblocking_for_now(int fd) noexcept : fd_(fd), flags_(sys::fcntl(fd, F_GETFL, 0)) {
        if (flags_ >= 0 && !(flags_ & O_NONBLOCK)) sys::fcntl(fd, F_SETFL, flags_ | O_NONBLOCK);
    }
    ~nonblocking_for_now() {
        if (flags_ < 0 || (flags_ & O_NONBLOCK)) return;
        const int error = errno;
        sys::fcntl(fd_, F_SETFL, flags_);
        errno = error;
    }
    nonblocking_for_now(const nonblocking_for_now&) = delete;
    nonblocking_for_now& operator=(const nonblocking_for_now&) = delete;

  private:
    int fd_;
    int flags_;
};

// What a call has done before it failed counts as success, and errno is not touched.
inline ssize_t done_or_failed(std::size_t done, int errno_before) noexcept {
    if (done == 0) return -1;
    errno = errno_before;
    return static_cast<ssize_t>(done);
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// What every kind of socket in this room shares: owning the descriptor, and asking the kernel about it.
#pragma once

#include <green/base/address.h>

#include <system_error>
#include <utility>

namespace green::detail {

// Owns a socket that fibers wait on: closing it wakes them. Nobody duplicates the descriptor, so the kernel takes
// it out of every epoll set by itself. -1 means closed. Move-only.
class socket_fd {
  public:
    socket_fd() = default;
    explicit socket_fd(int fd) noexcept : fd_(fd) {}
    socket_fd(socket_fd&& other) noexcept : fd_(other.release()) {}
    socket_fd& operator=(socket_fd&& other) noexcept {
        if (this != &other) {
            close();
            fd_ = other.release();
        }
        return *this;
    }
    ~socket_fd() { close(); }

    // A new non-blocking, close-on-exec socket (socket(2)). `type` is SOCK_STREAM or SOCK_DGRAM.
    static socket_fd open(int family, int type, std::error_code& error) noexcept;

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept;

  private:
    int fd_ = -1;
};

// getsockname(2) and getpeername(2). Throw std::system_error.
endpoint local_endpoint_of(int fd);
endpoint remote_endpoint_of(int fd);

// getsockopt(2) and setsockopt(2) of an option that is an int. Throw std::system_error.
int get_option(int fd, int level, int name, const char* what);
void set_option(int fd, int level, int name, int value, const char* what);

}  // namespace green::detail

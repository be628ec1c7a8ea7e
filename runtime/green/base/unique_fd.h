// SPDX-License-Identifier: BSL-1.0
// Ownership of a file descriptor that no fiber waits on. Descriptors that fibers wait on are closed by the io
// room, which wakes their waiters first.
#pragma once

#include <utility>

namespace green {

// Closes its descriptor when it dies. -1 means none.
class unique_fd {
  public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~unique_fd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

  private:
    int fd_ = -1;
};

}  // namespace green

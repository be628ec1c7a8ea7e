// SPDX-License-Identifier: BSL-1.0
// The single tries behind reading and writing, shared by the fiber calls and the co_await forms.
#pragma once

#include <green/sys/calls.h>

#include <cerrno>
#include <cstddef>
#include <span>

#include <sys/socket.h>

namespace green::detail {

// read(2) of a byte stream. A short count means that the kernel's buffer is empty (epoll(7), question 9). The end
// of the stream is no short count: it stays readable.
struct read_attempt {
    const char* call = "read_some";
    int fd;
    std::span<std::byte> buffer;

    read_attempt(int fd, std::span<std::byte> buffer) noexcept : fd(fd), buffer(buffer) {}
    ssize_t operator()() const noexcept { return sys::read(fd, buffer.data(), buffer.size()); }
    bool emptied(ssize_t count) const noexcept { return count > 0 && static_cast<std::size_t>(count) < buffer.size(); }
};

// The same by recv(2), for sockets: read(2) takes the long way through the kernel's file layer.
struct receive_attempt {
    const char* call = "read_some";
    int fd;
    std::span<std::byte> buffer;

    receive_attempt(int fd, std::span<std::byte> buffer) noexcept : fd(fd), buffer(buffer) {}
    ssize_t operator()() const noexcept { return sys::recv(fd, buffer.data(), buffer.size(), 0); }
    bool emptied(ssize_t count) const noexcept { return count > 0 && static_cast<std::size_t>(count) < buffer.size(); }
};

// send(2) without SIGPIPE; write(2) for what is no socket.
struct write_attempt {
    const char* call = "write_some";
    int fd;
    std::span<const std::byte> data;

    write_attempt(int fd, std::span<const std::byte> data) noexcept : fd(fd), data(data) {}
    ssize_t operator()() const noexcept {
        ssize_t count = sys::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == ENOTSOCK) return sys::write(fd, data.data(), data.size());
        return count;
    }
    bool emptied(ssize_t count) const noexcept { return static_cast<std::size_t>(count) < data.size(); }
};

}  // namespace green::detail

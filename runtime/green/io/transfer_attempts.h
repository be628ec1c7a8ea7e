// SPDX-License-Identifier: BSL-1.0
// The single tries behind reading and writing, shared by the fiber calls and the co_await forms.
#pragma once

#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>

namespace green::detail {

// read(2) of whatever it may be. A short count says nothing of what is left: terminals give a line at a time, pipes in
// packet mode a write at a time.
struct read_attempt {
    const char* call = "read_some";
    int fd;
    std::span<std::byte> buffer;

    read_attempt(int from, std::span<std::byte> into) noexcept : fd(from), buffer(into) {}
    ssize_t operator()() const noexcept { return sys::or_errno(sys::read(fd, buffer.data(), buffer.size())); }
    bool emptied(ssize_t) const noexcept { return false; }
};

// recv(2) of a stream socket: read(2) takes the long way through the kernel's file layer. A short count means that the
// kernel's buffer is empty (epoll(7), question 9). The end of the stream is no short count: it stays readable.
struct receive_attempt : read_attempt {
    using read_attempt::read_attempt;
    ssize_t operator()() const noexcept { return sys::try_recv(fd, buffer.data(), buffer.size(), 0); }
    bool emptied(ssize_t count) const noexcept { return count > 0 && static_cast<std::size_t>(count) < buffer.size(); }
};

// send(2) without SIGPIPE. A short count means that the kernel's buffer is full.
struct send_attempt {
    const char* call = "write_some";
    int fd;
    std::span<const std::byte> data;

    send_attempt(int to, std::span<const std::byte> sent) noexcept : fd(to), data(sent) {}
    ssize_t operator()() const noexcept { return sys::try_send(fd, data.data(), data.size(), MSG_NOSIGNAL); }
    bool emptied(ssize_t count) const noexcept { return static_cast<std::size_t>(count) < data.size(); }
};

// The same, and write(2) for what is no socket.
struct write_attempt : send_attempt {
    using send_attempt::send_attempt;
    ssize_t operator()() const noexcept {
        const ssize_t count = send_attempt::operator()();
        if (count == -ENOTSOCK) [[unlikely]] return sys::or_errno(sys::write(fd, data.data(), data.size()));
        return count;
    }
};

// sendmsg(2), which is writev(2) with flags. A short count means that the kernel's buffer is full. `parts` must stay
// where they are.
struct gather_attempt {
    const char* call = "write_some";
    int fd;
    msghdr message{};
    std::size_t size_bytes = 0;

    gather_attempt(int to, std::span<iovec> parts) noexcept : fd(to) {
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        for (const iovec& part : parts) size_bytes += part.iov_len;
    }
    ssize_t operator()() const noexcept { return sys::or_errno(sys::sendmsg(fd, &message, MSG_NOSIGNAL)); }
    bool emptied(ssize_t count) const noexcept { return static_cast<std::size_t>(count) < size_bytes; }
};

// As sendmsg(2) wants its parts: as many of them as there is room for, the others go out with the next call.
inline std::span<iovec> fill_vector(std::span<iovec> room, std::span<const std::span<const std::byte>> parts) noexcept {
    const std::size_t count = std::min(parts.size(), room.size());
    for (std::size_t i = 0; i < count; ++i) room[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    return room.first(count);
}

}  // namespace green::detail

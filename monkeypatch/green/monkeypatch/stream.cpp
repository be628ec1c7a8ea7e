// SPDX-License-Identifier: BSL-1.0
// Family stream: read(2), readv(2), write(2), writev(2) on whatever may block. Regular files go straight through.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/message_parts.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/receive.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace green::monkeypatch {

namespace {

using detail::blocking_call;
using detail::fd_kind;
using detail::message_parts;
using detail::size_of;
using green::detail::scheduler;
using sys::bare_call;

constexpr long at_position_of_file = -1;

long read_nowait(int fd, const iovec* parts, std::size_t count) noexcept {
    return bare_call(SYS_preadv2, fd, parts, count, at_position_of_file, 0, RWF_NOWAIT);
}
long write_nowait(int fd, const iovec* parts, std::size_t count) noexcept {
    return bare_call(SYS_pwritev2, fd, parts, count, at_position_of_file, 0, RWF_NOWAIT);
}

// One call on pieces that never blocks, by what kind the descriptor is. What it learns about the kind it tells.
template <class Nowait, class Message, class Plain>
long try_by_kind(scheduler& s, int fd, short ready, Nowait nowait, Message message, Plain plain) noexcept {
    for (;;) {
        const fd_kind kind = detail::kind_of(s, fd);
        long result = 0;
        switch (kind) {
            case fd_kind::socket:
            case fd_kind::tcp:
                result = message();
                if (result != -ENOTSOCK) return result;
                break;
            case fd_kind::nowait:
                result = nowait();
                if (result != -EOPNOTSUPP) return result;
                detail::set_kind(s, fd, fd_kind::old_pipe);
                continue;
            case fd_kind::old_pipe:
            case fd_kind::ready_first:
                if (short seen = 0; sys::poll_now(fd, ready, seen) == 0) return -EAGAIN;
                return plain(kind);
            case fd_kind::never_blocks:
            case fd_kind::unknown:
                return plain(kind);
        }
        detail::set_kind(s, fd, fd_kind::unknown);  // closed unseen, and another one by now
    }
}

// With SO_RCVLOWAT a read is a receive that wants more.
bool is_receive(scheduler& s, int fd) noexcept {
    if (!detail::low_marks_may_be_set()) [[likely]] return false;
    detail::forget_unless_closes_are_seen(s, fd);
    const fd_kind kind = detail::kind_of(s, fd);
    return kind == fd_kind::socket || kind == fd_kind::tcp;
}

ssize_t read_parts(scheduler& s, int fd, const iovec* parts, int count) noexcept {
    if (is_receive(s, fd)) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        return detail::receive_message(s, fd, &message, 0, "readv");
    }
    blocking_call call(s, fd, EPOLLIN, "readv");
    auto attempt = [&] {
        return try_by_kind(
            s, fd, POLLIN, [&] { return read_nowait(fd, parts, static_cast<std::size_t>(count)); },
            [&] {
                msghdr message{};
                message.msg_iov = const_cast<iovec*>(parts);
                message.msg_iovlen = static_cast<std::size_t>(count);
                return bare_call(SYS_recvmsg, fd, &message, MSG_DONTWAIT);
            },
            [&](fd_kind) { return bare_call(SYS_readv, fd, parts, count); });
    };
    return call.receive(attempt, [&](std::size_t read) { return read < size_of(parts, static_cast<std::size_t>(count)); });
}

ssize_t read_one(scheduler& s, int fd, void* buffer, std::size_t size) noexcept {
    if (is_receive(s, fd)) return detail::receive_bytes(s, fd, buffer, size, 0, nullptr, nullptr, "read");
    blocking_call call(s, fd, EPOLLIN, "read");
    auto attempt = [&] {
        return try_by_kind(
            s, fd, POLLIN,
            [&] {
                const iovec part{buffer, size};
                return read_nowait(fd, &part, 1);
            },
            [&] { return bare_call(SYS_recvfrom, fd, buffer, size, MSG_DONTWAIT, nullptr, nullptr); },
            [&](fd_kind) { return bare_call(SYS_read, fd, buffer, size); });
    };
    return call.receive(attempt, [&](std::size_t read) { return read < size; });
}

// As much as is certain not to block the thread, to what has been found ready. Up to PIPE_BUF bytes are written to a pipe in
// one piece, as ever.
long write_ready(int fd, fd_kind kind, const iovec* pieces, std::size_t count) noexcept {
    if (kind != fd_kind::old_pipe || size_of(pieces, count) <= PIPE_BUF || detail::is_nonblocking(fd))
        return bare_call(SYS_writev, fd, pieces, count);
    while (pieces->iov_len == 0) ++pieces;
    return bare_call(SYS_write, fd, pieces->iov_base, std::min<std::size_t>(pieces->iov_len, PIPE_BUF));
}

// Goes on until all is written, as a blocking write does.
ssize_t write_parts(scheduler& s, int fd, const iovec* pieces, std::size_t piece_count, const char* name) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, name);
    message_parts parts(pieces, piece_count);
    for (;;) {
        const ssize_t count = call.perform([&] {
            const iovec* next = parts.pieces();
            const std::size_t next_count = parts.piece_count();
            return try_by_kind(
                s, fd, POLLOUT, [&] { return write_nowait(fd, next, next_count); },
                [&] {
                    msghdr message{};
                    parts.put_into(message);
                    const int quiet = parts.count() ? MSG_NOSIGNAL : 0;
                    return detail::unless_connecting(fd, bare_call(SYS_sendmsg, fd, &message, MSG_DONTWAIT | quiet));
                },
                [&](fd_kind kind) { return write_ready(fd, kind, next, next_count); });
        });
        if (count < 0) {
            if (parts.count() == 0) return -1;
            errno = before;
            break;
        }
        parts.advance(static_cast<std::size_t>(count));
        if (parts.done() || count == 0 || detail::is_nonblocking(fd)) break;
    }
    return static_cast<ssize_t>(parts.count());
}

bool may_block(int fd, std::size_t size) noexcept {
    return fd >= 0 && size > 0 && size <= static_cast<std::size_t>(std::numeric_limits<ssize_t>::max());
}

// What the kernel would refuse, and what is nothing, it is asked itself.
bool may_block(int fd, const iovec* parts, int count) noexcept {
    if (fd < 0 || !parts || count <= 0 || count > IOV_MAX) return false;
    std::size_t size = 0;
    for (int i = 0; i < count; ++i) {
        if (parts[i].iov_len > static_cast<std::size_t>(std::numeric_limits<ssize_t>::max()) - size) return false;
        size += parts[i].iov_len;
    }
    return size > 0;
}

scheduler* taken_over() noexcept {
    return detail::taken_over(family::stream);
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

ssize_t read(int fd, void* buffer, size_t size) {
    scheduler* s = may_block(fd, size) ? taken_over() : nullptr;
    return s ? read_one(*s, fd, buffer, size) : original<&::read>()(fd, buffer, size);
}

ssize_t readv(int fd, const iovec* parts, int count) {
    scheduler* s = may_block(fd, parts, count) ? taken_over() : nullptr;
    return s ? read_parts(*s, fd, parts, count) : original<&::readv>()(fd, parts, count);
}

ssize_t write(int fd, const void* data, size_t size) {
    scheduler* s = may_block(fd, size) ? taken_over() : nullptr;
    if (!s) return original<&::write>()(fd, data, size);
    const iovec part{const_cast<void*>(data), size};
    return write_parts(*s, fd, &part, 1, "write");
}

ssize_t writev(int fd, const iovec* parts, int count) {
    scheduler* s = may_block(fd, parts, count) ? taken_over() : nullptr;
    return s ? write_parts(*s, fd, parts, static_cast<std::size_t>(count), "writev")
             : original<&::writev>()(fd, parts, count);
}

}  // extern "C"

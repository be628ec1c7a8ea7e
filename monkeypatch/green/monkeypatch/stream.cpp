// SPDX-License-Identifier: BSL-1.0
// Family stream: read(2), readv(2), write(2), writev(2) on whatever may block. Regular files go straight through.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/message_parts.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/receive.h>
#include <green/monkeypatch/socket_facts.h>
#include <green/monkeypatch/special_file.h>
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
using detail::nonblocking_for_now;
using detail::size_of;
using detail::step;
using detail::transfer;
using green::detail::scheduler;
using sys::bare_call;

constexpr long at_position_of_file = -1;

long read_nowait(int fd, const iovec* parts, std::size_t count) noexcept {
    return bare_call(SYS_preadv2, fd, parts, count, at_position_of_file, 0, RWF_NOWAIT);
}
long write_nowait(int fd, const iovec* parts, std::size_t count) noexcept {
    return bare_call(SYS_pwritev2, fd, parts, count, at_position_of_file, 0, RWF_NOWAIT);
}

// One call that never blocks, to a special file: plain() is it.
template <class Plain>
long try_special(blocking_call& call, int fd, fd_kind kind, const transfer& wanted, Plain plain) noexcept {
    short seen = 0;
    const bool is_ready = sys::poll_now(fd, wanted.reads ? POLLIN : POLLOUT, seen) != 0;
    step next = is_ready ? detail::step_when_ready(kind, fd, wanted) : detail::step_when_not_ready(kind, fd, wanted);
    if (next == step::park && kind == fd_kind::terminal && wanted.reads) {
        const detail::idle_terminal idle = detail::ask_idle_terminal(fd);
        if (idle.error) return -idle.error;
        if (idle.limit > duration::zero()) call.limit_wait(idle.limit);
        next = idle.next;
    }
    if (next == step::park) return -EAGAIN;
    if (next == step::call) return plain(kind);
    nonblocking_for_now guard(fd);
    return plain(kind);
}

// One call on pieces that never blocks, by what kind the descriptor is. What it learns about the kind it tells.
template <class Nowait, class Message, class Plain>
long try_by_kind(scheduler& s, blocking_call& call, int fd, const transfer& wanted, Nowait nowait, Message message,
                 Plain plain) noexcept {
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
                if (short seen = 0; sys::poll_now(fd, wanted.reads ? POLLIN : POLLOUT, seen) == 0) return -EAGAIN;
                return plain(kind);
            case fd_kind::never_blocks:
            case fd_kind::unknown:
                return plain(kind);
            default:
                return try_special(call, fd, kind, wanted, plain);
        }
        detail::set_kind(s, fd, fd_kind::unknown);  // closed unseen, and another one by now
    }
}

// A read whose time is up has found nothing, and that is no failure (VTIME).
ssize_t or_nothing(ssize_t count, const blocking_call& call, int errno_before) noexcept {
    if (count >= 0 || !call.is_limited() || errno != EAGAIN) return count;
    errno = errno_before;
    return 0;
}

// With SO_RCVLOWAT a read is a receive that wants more.
bool is_receive(scheduler& s, int fd) noexcept {
    if (!detail::low_marks_may_be_set()) [[likely]] return false;
    detail::forget_unless_closes_are_seen(s, fd);
    return is_socket(detail::kind_of(s, fd));
}

ssize_t read_parts(scheduler& s, int fd, const iovec* parts, int count) noexcept {
    msghdr whole{};
    whole.msg_iov = const_cast<iovec*>(parts);
    whole.msg_iovlen = static_cast<std::size_t>(count);
    if (is_receive(s, fd)) {
        return detail::receive_message(s, fd, &whole, 0, "readv");
    }
    const int before = errno;
    blocking_call call(s, fd, EPOLLIN, "readv");
    const transfer wanted{true, size_of(parts, static_cast<std::size_t>(count)), nullptr};
    auto attempt = [&] {
        return try_by_kind(
            s, call, fd, wanted, [&] { return read_nowait(fd, parts, static_cast<std::size_t>(count)); },
            [&] {
                msghdr message = whole;
                return bare_call(SYS_recvmsg, fd, &message, MSG_DONTWAIT);
            },
            [&](fd_kind) { return bare_call(SYS_readv, fd, parts, count); });
    };
    return or_nothing(call.receive(attempt, [&](std::size_t read) { return read < wanted.size_bytes; }), call, before);
}

ssize_t read_one(scheduler& s, int fd, void* buffer, std::size_t size) noexcept {
    if (is_receive(s, fd)) return detail::receive_bytes(s, fd, buffer, size, 0, nullptr, nullptr, "read");
    const int before = errno;
    blocking_call call(s, fd, EPOLLIN, "read");
    const transfer wanted{true, size, nullptr};
    auto attempt = [&] {
        return try_by_kind(
            s, call, fd, wanted,
            [&] {
                const iovec part{buffer, size};
                return read_nowait(fd, &part, 1);
            },
            [&] { return bare_call(SYS_recvfrom, fd, buffer, size, MSG_DONTWAIT, nullptr, nullptr); },
            [&](fd_kind) { return bare_call(SYS_read, fd, buffer, size); });
    };
    return or_nothing(call.receive(attempt, [&](std::size_t read) { return read < size; }), call, before);
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
            const transfer wanted{false, next->iov_len, next->iov_base};
            return try_by_kind(
                s, call, fd, wanted, [&] { return write_nowait(fd, next, next_count); },
                [&] {
                    msghdr message{};
                    parts.put_into(message);
                    const int quiet = parts.count() ? MSG_NOSIGNAL : 0;
                    return detail::unless_connecting(fd, bare_call(SYS_sendmsg, fd, &message, MSG_DONTWAIT | quiet));
                },
                [&](fd_kind kind) { return write_ready(fd, kind, next, next_count); });
        });
        if (count < 0) return detail::done_or_failed(parts.count(), before);
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

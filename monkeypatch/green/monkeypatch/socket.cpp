// SPDX-License-Identifier: BSL-1.0
// Family socket: connect(2), accept(2), recv(2) and send(2) with all their forms, sendfile(2) and splice(2).
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/message_parts.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/time_limits.h>
#include <green/monkeypatch/timespec.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace green::monkeypatch {

namespace {

using detail::blocking_call;
using detail::message_parts;
using green::detail::scheduler;
using sys::bare_call;

int option(int fd, int name) noexcept {
    const int before = errno;
    int value = -1;
    unsigned size = sizeof value;
    if (sys::getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) errno = before;
    return value;
}

bool is_stream(int fd) noexcept {
    return option(fd, SO_TYPE) == SOCK_STREAM;
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
ssize_t done_or_failed(std::size_t done, int errno_before) noexcept {
    if (done == 0) return -1;
    errno = errno_before;
    return static_cast<ssize_t>(done);
}

// --- connecting ---

int connect_once(int fd, const sockaddr* address, socklen_t size) noexcept {
    nonblocking_for_now guard(fd);
    return sys::connect(fd, address, size);
}

// A unix socket waits for room at the other end, a listener's or that of whom a datagram is addressed to, without any event.
bool waits_for_other_end(int fd) noexcept {
    return option(fd, SO_DOMAIN) == AF_UNIX;
}

int connect_blocking(scheduler& s, int fd, const sockaddr* address, socklen_t size) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, "connect");
    for (;;) {
        if (connect_once(fd, address, size) == 0) break;
        const bool is_full = errno == EAGAIN && waits_for_other_end(fd);
        if (!is_full && errno != EINPROGRESS && errno != EALREADY) return -1;
        if (is_full) call.expect_no_event();
        if (call.may_try_again()) continue;
        if (errno == EAGAIN && !is_full) errno = EINPROGRESS;  // SO_SNDTIMEO has passed (socket(7))
        return -1;
    }
    errno = before;
    call.take_turn();
    return 0;
}

int accept_blocking(scheduler& s, int fd, sockaddr* address, socklen_t* size, int flags, const char* name) noexcept {
    blocking_call call(s, fd, EPOLLIN, name);
    short seen = 0;
    while (sys::poll_now(fd, POLLIN, seen) == 0 && option(fd, SO_ACCEPTCONN) == 1)
        if (!call.may_try_again()) return -1;
    const int accepted = sys::accept4(fd, address, size, flags);
    if (accepted < 0) return -1;
    detail::number_is_new(s, accepted);
    call.take_turn();
    return accepted;
}

// --- receiving ---

// Flags with which a call never waits, or waits for nothing that has events.
constexpr int never_blocks = MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB;

// After a part of what MSG_WAITALL asks for has been looked at (MSG_PEEK): waits for more to come. False when no more
// will.
bool more_will_come(blocking_call& call, int fd) noexcept {
    short seen = 0;
    return sys::poll_now(fd, POLLRDHUP, seen) == 0 && call.may_try_again();
}

ssize_t recv_blocking(scheduler& s, int fd, void* buffer, std::size_t size, int flags, sockaddr* from,
                      socklen_t* from_size, const char* name) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLIN, name);
    for (std::size_t done = 0;;) {
        auto attempt = [&] {
            return bare_call(SYS_recvfrom, fd, static_cast<char*>(buffer) + done, size - done, flags | MSG_DONTWAIT, from,
                             from_size);
        };
        const ssize_t count = call.receive(
            attempt, [&](std::size_t received) { return received < size - done && !(flags & MSG_PEEK); });
        if (!(flags & MSG_WAITALL)) [[likely]] return count;
        if (count < 0) return done_or_failed(done, before);
        const auto so_far = done + static_cast<std::size_t>(count);
        if (count == 0 || so_far >= size || !is_stream(fd) || detail::is_nonblocking(fd))
            return static_cast<ssize_t>(so_far);
        if (!(flags & MSG_PEEK))
            done = so_far;
        else if (!more_will_come(call, fd))
            return done_or_failed(so_far, before);
    }
}

ssize_t recvmsg_blocking(scheduler& s, int fd, msghdr* message, int flags) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLIN, "recvmsg");
    const ssize_t first = call.receive(
        [&] { return bare_call(SYS_recvmsg, fd, message, flags | MSG_DONTWAIT); },
        [&](std::size_t count) {
            return !(flags & MSG_PEEK) && count < detail::size_of(message->msg_iov, message->msg_iovlen);
        });
    if (first <= 0 || (flags & (MSG_WAITALL | MSG_PEEK)) != MSG_WAITALL) return first;
    message_parts parts(message->msg_iov, message->msg_iovlen);
    parts.advance(static_cast<std::size_t>(first));
    if (parts.done() || !is_stream(fd) || detail::is_nonblocking(fd)) return first;
    while (!parts.done()) {
        msghdr rest{};
        auto attempt = [&] {
            parts.put_into(rest);
            return bare_call(SYS_recvmsg, fd, &rest, flags | MSG_DONTWAIT);
        };
        const ssize_t count = call.receive(
            attempt, [&](std::size_t received) { return received < detail::size_of(rest.msg_iov, rest.msg_iovlen); });
        if (count < 0) return done_or_failed(parts.count(), before);
        if (count == 0) break;
        parts.advance(static_cast<std::size_t>(count));
    }
    return static_cast<ssize_t>(parts.count());
}

// --- sending ---

ssize_t send_blocking(scheduler& s, int fd, const void* data, std::size_t size, int flags, const sockaddr* to,
                      socklen_t to_size, const char* name) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, name);
    for (std::size_t done = 0;;) {
        const int quiet = done ? MSG_NOSIGNAL : 0;  // a count is what it reports then, and no SIGPIPE
        const ssize_t count = call.perform([&] {
            const long sent = bare_call(SYS_sendto, fd, static_cast<const char*>(data) + done, size - done,
                                        flags | MSG_DONTWAIT | quiet, to, to_size);
            if (sent == -EAGAIN && to && waits_for_other_end(fd)) call.expect_no_event();
            return sent;
        });
        if (count < 0) return done_or_failed(done, before);
        done += static_cast<std::size_t>(count);
        if (done >= size || detail::is_nonblocking(fd)) [[likely]] return static_cast<ssize_t>(done);
    }
}

ssize_t sendmsg_blocking(scheduler& s, int fd, const msghdr* message, int flags) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, "sendmsg");
    const ssize_t first = call.perform([&] {
        const long sent = bare_call(SYS_sendmsg, fd, message, flags | MSG_DONTWAIT);
        if (sent == -EAGAIN && message->msg_name && waits_for_other_end(fd)) call.expect_no_event();
        return sent;
    });
    if (first < 0) return first;
    message_parts parts(message->msg_iov, message->msg_iovlen);
    parts.advance(static_cast<std::size_t>(first));
    if (parts.done() || detail::is_nonblocking(fd)) return first;
    while (!parts.done()) {
        msghdr rest{};
        const ssize_t count = call.perform([&] {
            parts.put_into(rest);
            return bare_call(SYS_sendmsg, fd, &rest, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        });
        if (count < 0) return done_or_failed(parts.count(), before);
        parts.advance(static_cast<std::size_t>(count));
    }
    return static_cast<ssize_t>(parts.count());
}

ssize_t sendfile_blocking(scheduler& s, int out, int in, off_t* offset, std::size_t size) noexcept {
    const int before = errno;
    blocking_call call(s, out, EPOLLOUT, "sendfile");
    for (std::size_t done = 0;;) {
        const ssize_t count = call.perform([&] {
            nonblocking_for_now guard(out);
            return bare_call(SYS_sendfile, out, in, offset, size - done);
        });
        if (count < 0) return done_or_failed(done, before);
        done += static_cast<std::size_t>(count);
        if (count == 0 || done >= size || detail::is_nonblocking(out)) return static_cast<ssize_t>(done);
    }
}

ssize_t splice_blocking(scheduler& s, int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t size,
                        unsigned flags) noexcept {
    blocking_call reading(s, in, EPOLLIN, "splice"), writing(s, out, EPOLLOUT, "splice");
    for (;;) {
        short seen = 0;
        if (sys::poll_now(in, POLLIN, seen) == 0) {
            if (!reading.may_try_again()) return -1;
        } else if (sys::poll_now(out, POLLOUT, seen) == 0) {
            if (!writing.may_try_again()) return -1;
        } else {
            const ssize_t moved = bare_call(SYS_splice, in, in_offset, out, out_offset, size, flags | SPLICE_F_NONBLOCK);
            if (moved == -EAGAIN && reading.may_try_again()) continue;
            reading.take_turn();
            if (moved < 0) errno = static_cast<int>(-moved);
            return moved < 0 ? -1 : moved;
        }
    }
}

scheduler* taken_over() noexcept {
    return detail::taken_over(family::socket);
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int connect(int fd, const sockaddr* address, socklen_t size) {
    scheduler* s = taken_over();
    if (!s || detail::is_nonblocking(fd)) return original<&::connect>()(fd, address, size);
    return connect_blocking(*s, fd, address, size);
}

int accept(int fd, sockaddr* address, socklen_t* size) {
    scheduler* s = taken_over();
    if (!s) return original<&::accept>()(fd, address, size);
    return accept_blocking(*s, fd, address, size, 0, "accept");
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
    scheduler* s = taken_over();
    if (!s) return original<&::accept4>()(fd, address, size, flags);
    return accept_blocking(*s, fd, address, size, flags, "accept4");
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    scheduler* s = flags & never_blocks ? nullptr : taken_over();
    if (!s) return original<&::recv>()(fd, buffer, size, flags);
    return recv_blocking(*s, fd, buffer, size, flags, nullptr, nullptr, "recv");
}

ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
    scheduler* s = flags & never_blocks ? nullptr : taken_over();
    if (!s) return original<&::recvfrom>()(fd, buffer, size, flags, from, from_size);
    return recv_blocking(*s, fd, buffer, size, flags, from, from_size, "recvfrom");
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    scheduler* s = flags & never_blocks ? nullptr : taken_over();
    if (!s) return original<&::recvmsg>()(fd, message, flags);
    return recvmsg_blocking(*s, fd, message, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
    scheduler* s = flags & never_blocks ? nullptr : taken_over();
    if (!s || !messages) return original<&::recvmmsg>()(fd, messages, count, flags, timeout);
    const int before = errno;
    const green::time_point end = detail::deadline_after(s->loop().now(), timeout);
    unsigned done = 0;
    while (done < count) {
        const bool waits = done == 0 || !(flags & MSG_WAITFORONE);
        msghdr* message = &messages[done].msg_hdr;
        const int how = flags & ~MSG_WAITFORONE;
        const ssize_t size = waits ? recvmsg_blocking(*s, fd, message, how)
                                   : original<&::recvmsg>()(fd, message, how | MSG_DONTWAIT);
        if (size < 0) break;
        messages[done++].msg_len = static_cast<unsigned>(size);
        if (s->loop().now() >= end) break;  // looked at after each message only, as in Linux
    }
    return count == 0 ? 0 : static_cast<int>(done_or_failed(done, before));
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    scheduler* s = flags & MSG_DONTWAIT ? nullptr : taken_over();
    if (!s) return original<&::send>()(fd, data, size, flags);
    return send_blocking(*s, fd, data, size, flags, nullptr, 0, "send");
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
    scheduler* s = flags & MSG_DONTWAIT ? nullptr : taken_over();
    if (!s) return original<&::sendto>()(fd, data, size, flags, to, to_size);
    return send_blocking(*s, fd, data, size, flags, to, to_size, "sendto");
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    scheduler* s = flags & MSG_DONTWAIT ? nullptr : taken_over();
    if (!s) return original<&::sendmsg>()(fd, message, flags);
    return sendmsg_blocking(*s, fd, message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
    scheduler* s = flags & MSG_DONTWAIT ? nullptr : taken_over();
    if (!s || !messages) return original<&::sendmmsg>()(fd, messages, count, flags);
    const int before = errno;
    unsigned done = 0;
    while (done < count) {
        const ssize_t size = sendmsg_blocking(*s, fd, &messages[done].msg_hdr, flags);
        if (size < 0) break;
        messages[done++].msg_len = static_cast<unsigned>(size);
    }
    return count == 0 ? 0 : static_cast<int>(done_or_failed(done, before));
}

ssize_t sendfile(int out, int in, off_t* offset, size_t size) {
    scheduler* s = taken_over();
    if (!s) return original<&::sendfile>()(out, in, offset, size);
    return sendfile_blocking(*s, out, in, offset, size);
}

ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) {
    scheduler* s = taken_over();
    if (!s) return original<&::sendfile64>()(out, in, offset, size);
    return sendfile_blocking(*s, out, in, offset, size);
}

ssize_t splice(int in, loff_t* in_offset, int out, loff_t* out_offset, size_t size, unsigned flags) {
    scheduler* s = flags & SPLICE_F_NONBLOCK || size == 0 ? nullptr : taken_over();
    if (!s) return original<&::splice>()(in, in_offset, out, out_offset, size, flags);
    return splice_blocking(*s, in, in_offset, out, out_offset, size, flags);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    const int result = original<&::setsockopt>()(fd, level, name, value, size);
    if (level == SOL_SOCKET) detail::note_option_set(name);
    if (level == IPPROTO_TCP) detail::note_tcp_option_set(name);
    return result;
}

}  // extern "C"

// SPDX-License-Identifier: BSL-1.0
// Family socket: connect(2), accept(2), recv(2) and send(2) with all their forms.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/message_parts.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/receive.h>
#include <green/monkeypatch/socket_facts.h>
#include <green/monkeypatch/time_limits.h>
#include <green/monkeypatch/timespec.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace green::monkeypatch {

namespace {

using detail::blocking_call;
using detail::done_or_failed;
using detail::message_parts;
using detail::nonblocking_for_now;
using detail::socket_option;
using green::detail::scheduler;
using sys::bare_call;

// --- connecting ---

int connect_once(int fd, const sockaddr* address, socklen_t size) noexcept {
    nonblocking_for_now guard(fd);
    return sys::connect(fd, address, size);
}

// A unix socket waits for room at the other end, a listener's or that of whom a datagram is addressed to, without any event.
bool waits_for_other_end(int fd) noexcept {
    return socket_option(fd, SO_DOMAIN) == AF_UNIX;
}

int connect_blocking(scheduler& s, int fd, const sockaddr* address, socklen_t size) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, "connect");
    for (int at_first = 0;;) {
        if (connect_once(fd, address, size) == 0) break;
        const bool is_full = errno == EAGAIN && waits_for_other_end(fd);
        if (!is_full && errno != EINPROGRESS && errno != EALREADY) return -1;
        if (at_first == 0) at_first = errno;
        if (is_full) call.expect_no_event();
        if (call.may_try_again()) continue;
        if (errno == EAGAIN) errno = at_first;  // SO_SNDTIMEO has passed (socket(7))
        return -1;
    }
    errno = before;
    call.take_turn();
    return 0;
}

int accept_blocking(scheduler& s, int fd, sockaddr* address, socklen_t* size, int flags, const char* name) noexcept {
    blocking_call call(s, fd, EPOLLIN, name);
    short seen = 0;
    while (sys::poll_now(fd, POLLIN, seen) == 0 && socket_option(fd, SO_ACCEPTCONN) == 1)
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

// --- sending ---

// What a try to send to `to` has come to. (null: to whom it is connected)
long noting_full_peer(blocking_call& call, int fd, const void* to, long sent) noexcept {
    if (sent == -EAGAIN && to && waits_for_other_end(fd)) call.expect_no_event();
    return sent;
}

// Goes on behind the first `done` bytes. A count is what it reports in any case, and no SIGPIPE.
ssize_t send_rest(blocking_call& call, int fd, const void* data, std::size_t size, int flags, const sockaddr* to,
                  socklen_t to_size, std::size_t done) noexcept {
    const int before = errno;
    while (done < size && !detail::is_nonblocking(fd)) {
        const ssize_t count = call.perform([=, &call] {
            return noting_full_peer(call, fd, to, bare_call(SYS_sendto, fd, static_cast<const char*>(data) + done, size - done,
                                                            flags | MSG_DONTWAIT | MSG_NOSIGNAL, to, to_size));
        });
        if (count < 0) return done_or_failed(done, before);
        done += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(done);
}

// Copies are captured, so that they stay in registers.
ssize_t send_blocking(scheduler& s, int fd, const void* data, std::size_t size, int flags, const sockaddr* to,
                      socklen_t to_size, const char* name) noexcept {
    blocking_call call(s, fd, EPOLLOUT, name);
    const ssize_t first = call.perform([=, &call]() mutable {
        const long sent = detail::unless_connecting(fd, bare_call(SYS_sendto, fd, data, size, flags | MSG_DONTWAIT, to, to_size));
        flags &= ~MSG_FASTOPEN;  // the connection is under way, or there is none to be
        return noting_full_peer(call, fd, to, sent);
    });
    if (first < 0 || static_cast<std::size_t>(first) >= size) [[likely]] return first;
    return send_rest(call, fd, data, size, flags & ~MSG_FASTOPEN, to, to_size, static_cast<std::size_t>(first));
}

ssize_t sendmsg_blocking(scheduler& s, int fd, const msghdr* message, int flags) noexcept {
    const int before = errno;
    blocking_call call(s, fd, EPOLLOUT, "sendmsg");
    const ssize_t first = call.perform([&] {
        const long sent = detail::unless_connecting(fd, bare_call(SYS_sendmsg, fd, message, flags | MSG_DONTWAIT));
        flags &= ~MSG_FASTOPEN;
        return noting_full_peer(call, fd, message->msg_name, sent);
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

scheduler* taken_over() noexcept {
    return detail::taken_over(family::socket);
}

// After a call that never waits: a loop of them lets the others run now and then.
template <class Result>
Result in_turn(scheduler& s, Result result) noexcept {
    green::detail::spend_turn(s, s.running());
    return result;
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
    constexpr int known = SOCK_NONBLOCK | SOCK_CLOEXEC;  // all else is refused at once
    scheduler* s = flags & ~known ? nullptr : taken_over();
    if (!s) return original<&::accept4>()(fd, address, size, flags);
    return accept_blocking(*s, fd, address, size, flags, "accept4");
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    scheduler* s = taken_over();
    if (!s) return original<&::recv>()(fd, buffer, size, flags);
    if (flags & never_blocks) return in_turn(*s, original<&::recv>()(fd, buffer, size, flags));
    return detail::receive_bytes(*s, fd, buffer, size, flags, nullptr, nullptr, "recv");
}

ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
    scheduler* s = taken_over();
    if (!s) return original<&::recvfrom>()(fd, buffer, size, flags, from, from_size);
    if (flags & never_blocks) return in_turn(*s, original<&::recvfrom>()(fd, buffer, size, flags, from, from_size));
    return detail::receive_bytes(*s, fd, buffer, size, flags, from, from_size, "recvfrom");
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    scheduler* s = message ? taken_over() : nullptr;
    if (!s) return original<&::recvmsg>()(fd, message, flags);
    if (flags & never_blocks) return in_turn(*s, original<&::recvmsg>()(fd, message, flags));
    return detail::receive_message(*s, fd, message, flags, "recvmsg");
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
    scheduler* s = taken_over();
    if (!s || !messages) return original<&::recvmmsg>()(fd, messages, count, flags, timeout);
    if (flags & never_blocks) return in_turn(*s, original<&::recvmmsg>()(fd, messages, count, flags, timeout));
    if (timeout && !detail::is_valid(*timeout)) {
        errno = EINVAL;
        return -1;
    }
    const int before = errno;
    const green::time_point end = detail::deadline_after(s->loop().now(), timeout);
    unsigned done = 0;
    while (done < count) {
        const bool waits = done == 0 || !(flags & MSG_WAITFORONE);
        msghdr* message = &messages[done].msg_hdr;
        const int how = flags & ~MSG_WAITFORONE;
        const ssize_t size = waits ? detail::receive_message(*s, fd, message, how, "recvmsg")
                                   : original<&::recvmsg>()(fd, message, how | MSG_DONTWAIT);
        if (size < 0) break;
        messages[done++].msg_len = static_cast<unsigned>(size);
        if (!timeout) continue;
        const green::duration left = std::max(end - s->loop().now(), green::duration::zero());
        *timeout = detail::to_timespec(end == green::time_point::min() ? green::duration::zero() : left);
        if (timeout->tv_sec == 0 && timeout->tv_nsec == 0) break;  // looked at after each message only, as in Linux
    }
    return count == 0 ? 0 : static_cast<int>(done_or_failed(done, before));
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    scheduler* s = taken_over();
    if (!s) return original<&::send>()(fd, data, size, flags);
    if (flags & MSG_DONTWAIT) return in_turn(*s, original<&::send>()(fd, data, size, flags));
    return send_blocking(*s, fd, data, size, flags, nullptr, 0, "send");
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
    scheduler* s = taken_over();
    if (!s) return original<&::sendto>()(fd, data, size, flags, to, to_size);
    if (flags & MSG_DONTWAIT) return in_turn(*s, original<&::sendto>()(fd, data, size, flags, to, to_size));
    return send_blocking(*s, fd, data, size, flags, to, to_size, "sendto");
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    scheduler* s = message ? taken_over() : nullptr;
    if (!s) return original<&::sendmsg>()(fd, message, flags);
    if (flags & MSG_DONTWAIT) return in_turn(*s, original<&::sendmsg>()(fd, message, flags));
    return sendmsg_blocking(*s, fd, message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
    scheduler* s = taken_over();
    if (!s || !messages) return original<&::sendmmsg>()(fd, messages, count, flags);
    if (flags & MSG_DONTWAIT) return in_turn(*s, original<&::sendmmsg>()(fd, messages, count, flags));
    const int before = errno;
    unsigned done = 0;
    while (done < count) {
        const ssize_t size = sendmsg_blocking(*s, fd, &messages[done].msg_hdr, flags);
        if (size < 0) break;
        messages[done++].msg_len = static_cast<unsigned>(size);
    }
    return count == 0 ? 0 : static_cast<int>(done_or_failed(done, before));
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    const int result = original<&::setsockopt>()(fd, level, name, value, size);
    if (level == SOL_SOCKET) {
        detail::note_option_set(name);
        detail::note_low_mark_set(name);
    }
    if (level == IPPROTO_TCP) detail::note_tcp_option_set(name);
    return result;
}

}  // extern "C"

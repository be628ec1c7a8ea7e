// SPDX-License-Identifier: BSL-1.0
// A blocking receive that waits for more than one byte takes what there is, piece by piece, as the kernel's does. Each
// piece is a call of its own here, so that the boundaries at which the kernel's single call would have ended must be
// looked for: descriptors that came along, bytes of another writer, the mark of urgent data.
#include <green/monkeypatch/receive.h>

#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/message_parts.h>
#include <green/monkeypatch/socket_facts.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

namespace green::monkeypatch::detail {

using sys::bare_call;

constinit std::atomic<bool> low_mark_was_set{false};

namespace {

// How many bytes a blocking call waits for.
std::size_t least_wanted(int fd, int flags, std::size_t size) noexcept {
    const bool is_stream = socket_option(fd, SO_TYPE) == SOCK_STREAM;
    if (!is_stream || is_nonblocking(fd)) return 1;
    if ((flags & MSG_PEEK) && socket_option(fd, SO_DOMAIN) == AF_UNIX) return 1;  // there it looks at what has come
    if (flags & MSG_WAITALL) return size;
    return std::min(size, static_cast<std::size_t>(std::max(socket_option(fd, SO_RCVLOWAT), 1)));
}

bool may_want_more(int flags) noexcept {
    return (flags & MSG_WAITALL) || low_marks_may_be_set();
}

const cmsghdr* control_of(const msghdr& message, int type) noexcept {
    auto& header = const_cast<msghdr&>(message);
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(&header, each))
        if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == type) return each;
    return nullptr;
}

// Descriptors end a call, also those for which it has no room.
bool carried_descriptors(const msghdr& message) noexcept {
    return (message.msg_flags & MSG_CTRUNC) || control_of(message, SCM_RIGHTS);
}

// Less than the mark makes no event. When the wait has ended for another reason, it is taken all the same.
template <class Attempt>
ssize_t or_what_there_is(ssize_t result, int errno_before, Attempt attempt) noexcept {
    if (result >= 0 || !low_marks_may_be_set()) return result;
    const int error = errno;
    const long late = attempt();
    errno = late > 0 ? errno_before : error;
    return late > 0 ? late : result;
}

// What lies between the bytes that have been taken and the next ones.
class boundary {
  public:
    boundary(int fd, const msghdr& first) noexcept : fd_(fd) {
        const cmsghdr* sent_by = control_of(first, SCM_CREDENTIALS);
        if (!sent_by) return;
        ucred found{};
        std::memcpy(&found, CMSG_DATA(sent_by), sizeof found);
        writer_ = found;
    }
    bool is_next() const noexcept { return is_at_urgent_mark() || (writer_ && is_next_by_another()); }

  private:
    bool is_at_urgent_mark() const noexcept {
        int is_there = 0;
        return bare_call(SYS_ioctl, fd_, SIOCATMARK, &is_there) == 0 && is_there;
    }

    // SO_PASSCRED: each call tells of one writer.
    bool is_next_by_another() const noexcept {
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];  // no room for descriptors, which would be copied
        char byte;
        iovec part{&byte, 1};
        msghdr next{};
        next.msg_iov = &part;
        next.msg_iovlen = 1;
        next.msg_control = control;
        next.msg_controllen = sizeof control;
        if (bare_call(SYS_recvmsg, fd_, &next, MSG_PEEK | MSG_DONTWAIT) <= 0) return false;
        const cmsghdr* sent_by = control_of(next, SCM_CREDENTIALS);
        return !sent_by || std::memcmp(CMSG_DATA(sent_by), &*writer_, sizeof *writer_) != 0;
    }

    int fd_;
    std::optional<ucred> writer_;
};

// After a part of what is wanted has been looked at (MSG_PEEK): waits for more to come. False when no more will.
bool more_will_come(blocking_call& call, int fd) noexcept {
    short seen = 0;
    return sys::poll_now(fd, POLLRDHUP, seen) == 0 && call.may_try_again();
}

// Looks again and again, with the whole message each time.
ssize_t peek_until(std::size_t wanted, blocking_call& call, int fd, msghdr* message, const msghdr& untouched, int flags,
                   ssize_t seen_first) noexcept {
    const int before = errno;
    for (ssize_t seen = seen_first;;) {
        const auto so_far = static_cast<std::size_t>(seen);
        if (so_far >= wanted || carried_descriptors(*message)) return seen;
        if (!more_will_come(call, fd)) return done_or_failed(so_far, before);
        *message = untouched;
        seen = call.perform([&] { return bare_call(SYS_recvmsg, fd, message, flags | MSG_DONTWAIT); });
        if (seen <= 0) return seen;
    }
}

// Goes on behind the first `count` bytes until there are `wanted`.
ssize_t receive_rest(std::size_t wanted, blocking_call& call, int fd, msghdr* message, const msghdr& untouched, int flags,
                     std::size_t count) noexcept {
    const int before = errno;
    const boundary end(fd, *message);
    message_parts parts(message->msg_iov, message->msg_iovlen);
    parts.advance(count);
    while (parts.count() < wanted && !carried_descriptors(*message)) {
        msghdr rest{};
        auto attempt = [&]() -> long {
            if (end.is_next()) return 0;
            rest = {};
            parts.put_into(rest);
            rest.msg_control = untouched.msg_control;
            rest.msg_controllen = untouched.msg_controllen;
            return bare_call(SYS_recvmsg, fd, &rest, flags | MSG_DONTWAIT);
        };
        auto is_short = [&](std::size_t received) { return received < size_of(rest.msg_iov, rest.msg_iovlen); };
        const ssize_t more = or_what_there_is(call.receive(attempt, is_short), before, attempt);
        if (more < 0) return done_or_failed(parts.count(), before);
        if (more == 0) break;
        message->msg_flags |= rest.msg_flags;
        message->msg_controllen = rest.msg_controllen;
        parts.advance(static_cast<std::size_t>(more));
    }
    return static_cast<ssize_t>(parts.count());
}

}  // namespace

void note_low_mark_set(int name) noexcept {
    if (name == SO_RCVLOWAT) low_mark_was_set.store(true, std::memory_order_relaxed);
}

ssize_t receive_message(scheduler& s, int fd, msghdr* message, int flags, const char* name) noexcept {
    blocking_call call(s, fd, EPOLLIN, name);
    const msghdr untouched = message && may_want_more(flags) ? *message : msghdr{};
    auto attempt = [&] { return bare_call(SYS_recvmsg, fd, message, flags | MSG_DONTWAIT); };
    auto is_short = [&](std::size_t count) {
        return !(flags & MSG_PEEK) && count < size_of(message->msg_iov, message->msg_iovlen);
    };
    const int before = errno;
    const ssize_t first = or_what_there_is(call.receive(attempt, is_short), before, attempt);
    if (first <= 0 || !may_want_more(flags)) [[likely]] return first;
    const std::size_t wanted = least_wanted(fd, flags, size_of(message->msg_iov, message->msg_iovlen));
    if (static_cast<std::size_t>(first) >= wanted) return first;
    return flags & MSG_PEEK ? peek_until(wanted, call, fd, message, untouched, flags, first)
                            : receive_rest(wanted, call, fd, message, untouched, flags, static_cast<std::size_t>(first));
}

static ssize_t receive_bytes_as_message(scheduler& s, int fd, void* buffer, std::size_t size, int flags, sockaddr* from,
                                        socklen_t* from_size, const char* name) noexcept {
    iovec part{buffer, size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = from;
    message.msg_namelen = from ? *from_size : 0;
    const ssize_t count = receive_message(s, fd, &message, flags, name);
    if (from && count >= 0) *from_size = message.msg_namelen;
    return count;
}

// Copies are captured, so that they stay in registers.
ssize_t receive_bytes(scheduler& s, int fd, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* from_size,
                      const char* name) noexcept {
    if (may_want_more(flags) && (!from || from_size)) [[unlikely]]
        return receive_bytes_as_message(s, fd, buffer, size, flags, from, from_size, name);
    blocking_call call(s, fd, EPOLLIN, name);
    return call.receive([=] { return bare_call(SYS_recvfrom, fd, buffer, size, flags | MSG_DONTWAIT, from, from_size); },
                        [=](std::size_t received) { return received < size && !(flags & MSG_PEEK); });
}

}  // namespace green::monkeypatch::detail

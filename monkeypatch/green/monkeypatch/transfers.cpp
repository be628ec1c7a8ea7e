// SPDX-License-Identifier: BSL-1.0
// Family socket: from one descriptor to another within the kernel: sendfile(2), splice(2), tee(2).
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/socket_facts.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

namespace green::monkeypatch {

namespace {

using detail::blocking_call;
using detail::done_or_failed;
using detail::fd_kind;
using detail::nonblocking_for_now;
using green::detail::scheduler;
using sys::bare_call;

ssize_t sendfile_blocking(scheduler& s, int out, int in, off_t* offset, std::size_t size) noexcept {
    const int before = errno;
    blocking_call call(s, out, EPOLLOUT, "sendfile");
    for (std::size_t done = 0;;) {
        const ssize_t count = call.perform([&] {
            nonblocking_for_now guard(out);
            return detail::unless_connecting(out, bare_call(SYS_sendfile, out, in, offset, size - done));
        });
        if (count < 0) return done_or_failed(done, before);
        done += static_cast<std::size_t>(count);
        if (count == 0 || done >= size || detail::is_nonblocking(out)) return static_cast<ssize_t>(done);
    }
}

// SPLICE_F_NONBLOCK is for pipes alone, and files never block: what else there is needs the flag of its own.
void keep_from_blocking(scheduler& s, int fd, std::optional<nonblocking_for_now>& guard) noexcept {
    switch (detail::kind_of(s, fd)) {
        case fd_kind::nowait:
        case fd_kind::old_pipe:
        case fd_kind::never_blocks:
            return;
        default:
            guard.emplace(fd);
    }
}

// The kernel is asked first, since most of what it refuses it refuses at once. move(bytes) is a call that never blocks.
// `takes_all`: it ends when all is moved that there is, however often it has to wait for room.
template <class Move>
ssize_t move_blocking(scheduler& s, int in, int out, std::size_t size, bool takes_all, const char* name, Move move) noexcept {
    const int before = errno;
    blocking_call reading(s, in, EPOLLIN, name), writing(s, out, EPOLLOUT, name);
    for (std::size_t done = 0;;) {
        const long moved = move(size - done);
        if (moved < 0 && moved != -EAGAIN) {
            errno = static_cast<int>(-moved);
            return done_or_failed(done, before);
        }
        if (moved > 0) done += static_cast<std::size_t>(moved);
        short seen = 0;
        const bool is_over = moved == 0 || done >= size || (moved > 0 && (!takes_all || detail::is_nonblocking(out)));
        const bool has_data = !is_over && sys::poll_now(in, POLLIN, seen) != 0;
        if (is_over || (done > 0 && !has_data)) {
            reading.take_turn();
            return static_cast<ssize_t>(done);
        }
        if (moved > 0) continue;
        // With data and room it was another's doing, or there is less room than is needed, which makes no event.
        if (has_data && sys::poll_now(out, POLLOUT, seen) != 0) writing.expect_no_event();
        if (!(has_data ? writing : reading).may_try_again()) return done_or_failed(done, before);
    }
}

ssize_t splice_blocking(scheduler& s, int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t size,
                        unsigned flags) noexcept {
    return move_blocking(s, in, out, size, is_socket(detail::kind_of(s, out)), "splice", [&](std::size_t bytes) {
        std::optional<nonblocking_for_now> reading, writing;
        keep_from_blocking(s, in, reading);
        keep_from_blocking(s, out, writing);
        return detail::unless_connecting(
            out, bare_call(SYS_splice, in, in_offset, out, out_offset, bytes, flags | SPLICE_F_NONBLOCK));
    });
}

ssize_t tee_blocking(scheduler& s, int in, int out, std::size_t size, unsigned flags) noexcept {
    return move_blocking(s, in, out, size, false, "tee", [&](std::size_t bytes) {
        return bare_call(SYS_tee, in, out, bytes, flags | SPLICE_F_NONBLOCK);
    });
}

scheduler* taken_over() noexcept {
    return detail::taken_over(family::socket);
}

bool may_wait(int in, int out, std::size_t size, unsigned flags) noexcept {
    return in >= 0 && out >= 0 && size > 0 && !(flags & SPLICE_F_NONBLOCK);
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

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
    scheduler* s = may_wait(in, out, size, flags) ? taken_over() : nullptr;
    if (!s) return original<&::splice>()(in, in_offset, out, out_offset, size, flags);
    return splice_blocking(*s, in, in_offset, out, out_offset, size, flags);
}

ssize_t tee(int in, int out, size_t size, unsigned flags) {
    scheduler* s = may_wait(in, out, size, flags) ? taken_over() : nullptr;
    return s ? tee_blocking(*s, in, out, size, flags) : original<&::tee>()(in, out, size, flags);
}

}  // extern "C"

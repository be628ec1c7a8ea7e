// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/special_file.h>

#include <green/monkeypatch/blocking.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

namespace green::monkeypatch::detail {

using sys::bare_call;

namespace {

struct kind_name {
    std::string_view link;
    fd_kind kind;
};
// proc(5), on /proc/PID/fd. Without /proc they are ready_first.
constexpr kind_name kinds[] = {
    {"anon_inode:[eventfd]", fd_kind::event_counter}, {"anon_inode:[timerfd]", fd_kind::timer},
    {"anon_inode:[signalfd]", fd_kind::signals},      {"anon_inode:inotify", fd_kind::notices},
    {"anon_inode:[fanotify]", fd_kind::notices},
};

bool is_terminal(int fd) noexcept {
    termios modes;
    unsigned number;  // that of the other end is for programs; its modes are those of the terminal
    return ::tcgetattr(fd, &modes) == 0 && bare_call(SYS_ioctl, fd, TIOCGPTN, &number) != 0;
}

bool is_in_background(int fd) noexcept {
    pid_t foreground = 0;  // the call fails for what is not the process's own terminal
    return bare_call(SYS_ioctl, fd, TIOCGPGRP, &foreground) == 0 && foreground > 0 && foreground != ::getpgrp();
}

bool is_opened_for(int fd, int other_than) noexcept {
    return (sys::fcntl(fd, F_GETFL, 0) & O_ACCMODE) != other_than;
}

// What would be added to an eventfd, from memory that need not be there; more than anything when it is not.
std::uint64_t value_at(const void* data) noexcept {
    std::uint64_t value = UINT64_MAX;
    const iovec into{&value, sizeof value}, from{const_cast<void*>(data), sizeof value};
    const long copied = bare_call(SYS_process_vm_readv, ::getpid(), &into, 1, &from, 1, 0);
    return copied == sizeof value ? value : UINT64_MAX;
}

std::size_t least_size_of_read(fd_kind kind) noexcept {
    switch (kind) {
        case fd_kind::event_counter:
        case fd_kind::timer:
            return sizeof(std::uint64_t);
        case fd_kind::signals:
            return sizeof(signalfd_siginfo);
        default:
            return 1;
    }
}

}  // namespace

fd_kind special_kind(int fd, unsigned mode) noexcept {
    if (S_ISCHR(mode)) return is_terminal(fd) ? fd_kind::terminal : fd_kind::ready_first;
    char path[32], link[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const ssize_t size = ::readlink(path, link, sizeof link);
    if (size > 0)
        for (const kind_name& each : kinds)
            if (each.link == std::string_view(link, static_cast<std::size_t>(size))) return each.kind;
    return fd_kind::ready_first;
}

// An eventfd is ready when 1 can be added, and waits for room for more. The flag is left alone for what always has room in
// practice: whom this write wakes may read again at once, and would find it set.
step step_when_ready(fd_kind kind, int fd, const transfer& wanted) noexcept {
    constexpr std::uint64_t always_fits = UINT32_MAX;
    const bool may_wait = kind == fd_kind::event_counter && !wanted.reads && wanted.size_bytes >= sizeof(std::uint64_t) &&
                          !is_nonblocking(fd) && value_at(wanted.data) > always_fits;
    return may_wait ? step::call_nonblocking : step::call;
}

step step_when_not_ready(fd_kind kind, int fd, const transfer& wanted) noexcept {
    switch (kind) {
        case fd_kind::event_counter:
        case fd_kind::timer:
        case fd_kind::signals:
        case fd_kind::notices:
            if (wanted.reads) return wanted.size_bytes < least_size_of_read(kind) ? step::call : step::park;
            return kind == fd_kind::event_counter ? step::call_nonblocking : step::call;
        case fd_kind::terminal:
            return is_opened_for(fd, wanted.reads ? O_WRONLY : O_RDONLY) ? step::park : step::call;
        default:
            return step::call_nonblocking;
    }
}

idle_terminal ask_idle_terminal(int fd) noexcept {
    if (is_nonblocking(fd)) return {step::call};
    if (is_in_background(fd)) {
        // Of no bytes: job control comes first, and then there is nothing to wait for.
        const long result = bare_call(SYS_read, fd, nullptr, 0);
        if (result < 0) return {step::call, static_cast<int>(-result)};
    }
    termios modes;
    const int before = errno;
    if (::tcgetattr(fd, &modes) != 0) {
        errno = before;
        return {step::park};
    }
    if ((modes.c_lflag & ICANON) || modes.c_cc[VMIN] > 0) return {step::park};
    constexpr duration unit = std::chrono::milliseconds(100);
    const int units = modes.c_cc[VTIME];
    return units == 0 ? idle_terminal{step::call} : idle_terminal{step::park, 0, units * unit};
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/sys/calls.h>

#include <green/sys/direct_call.h>
#include <green/sys/sanitizers.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
#define GREEN_CALL(name, ...) ::name(__VA_ARGS__)
#else
#define GREEN_CALL(name, ...) direct_call(SYS_##name, __VA_ARGS__)
#endif

namespace green::sys {

namespace {
constinit std::atomic<std::uint64_t> own_numbers[own_numbers_end / 64] = {};

std::atomic<std::uint64_t>& word_of(int fd) noexcept {
    return own_numbers[static_cast<unsigned>(fd) / 64];
}
std::uint64_t bit_in_word(int fd) noexcept {
    return std::uint64_t{1} << (static_cast<unsigned>(fd) % 64);
}

// Gives a descriptor of the runtime a high number, if there is room, so that the program's own ones count from 3.
int moved_up(int fd) noexcept {
    if (fd < 0) return fd;
    constexpr rlim_t highest = own_numbers_below, room = 64;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t top = std::min(limit.rlim_cur, highest);
    const int error = errno;
    const int up = fcntl(fd, F_DUPFD_CLOEXEC, static_cast<long>(top > 2 * room ? top - room : top / 2));
    if (up >= 0)
        close(fd);
    else
        errno = error;
    const int number = up >= 0 ? up : fd;
    if (static_cast<unsigned>(number) < own_numbers_end) word_of(number).fetch_or(bit_in_word(number));
    return number;
}
}  // namespace

bool is_own(int fd) noexcept {
    return static_cast<unsigned>(fd) < own_numbers_end && (word_of(fd).load(std::memory_order_relaxed) & bit_in_word(fd));
}

ssize_t read(int fd, void* buffer, std::size_t size_bytes) noexcept {
    return GREEN_CALL(read, fd, buffer, size_bytes);
}
ssize_t write(int fd, const void* buffer, std::size_t size_bytes) noexcept {
    return GREEN_CALL(write, fd, buffer, size_bytes);
}
ssize_t readv(int fd, const iovec* parts, int part_count) noexcept {
    return GREEN_CALL(readv, fd, parts, part_count);
}
ssize_t writev(int fd, const iovec* parts, int part_count) noexcept {
    return GREEN_CALL(writev, fd, parts, part_count);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept {
    return GREEN_CALL(sendmsg, fd, message, flags);
}
ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept {
    return GREEN_CALL(recvmsg, fd, message, flags);
}

int socket(int family, int type, int protocol) noexcept {
    return static_cast<int>(GREEN_CALL(socket, family, type, protocol));
}
int bind(int fd, const sockaddr* address, unsigned size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(bind, fd, address, size_bytes));
}
int listen(int fd, int backlog_count) noexcept {
    return static_cast<int>(GREEN_CALL(listen, fd, backlog_count));
}
int connect(int fd, const sockaddr* address, unsigned size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(connect, fd, address, size_bytes));
}
int accept4(int fd, sockaddr* address, unsigned* size_bytes, int flags) noexcept {
    return static_cast<int>(GREEN_CALL(accept4, fd, address, size_bytes, flags));
}
int shutdown(int fd, int how) noexcept {
    return static_cast<int>(GREEN_CALL(shutdown, fd, how));
}
int getsockopt(int fd, int level, int name, void* value, unsigned* size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(getsockopt, fd, level, name, value, size_bytes));
}
int setsockopt(int fd, int level, int name, const void* value, unsigned size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(setsockopt, fd, level, name, value, size_bytes));
}
int getsockname(int fd, sockaddr* address, unsigned* size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(getsockname, fd, address, size_bytes));
}
int getpeername(int fd, sockaddr* address, unsigned* size_bytes) noexcept {
    return static_cast<int>(GREEN_CALL(getpeername, fd, address, size_bytes));
}

int close(int fd) noexcept {
    if (is_own(fd)) word_of(fd).fetch_and(~bit_in_word(fd));
    return static_cast<int>(GREEN_CALL(close, fd));
}
int fcntl(int fd, int command, long argument) noexcept {
    return static_cast<int>(GREEN_CALL(fcntl, fd, command, argument));
}
int poll_now(int fd, short events, short& returned_events) noexcept {
    pollfd entry{fd, events, 0};
    timespec zero{};
    int count = static_cast<int>(direct_call(SYS_ppoll, &entry, 1, &zero, nullptr, 0));
    returned_events = entry.revents;
    return count;
}

int epoll_create() noexcept {
    return moved_up(static_cast<int>(GREEN_CALL(epoll_create1, EPOLL_CLOEXEC)));
}
int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
    return static_cast<int>(GREEN_CALL(epoll_ctl, epoll_fd, operation, fd, event));
}

int epoll_wait(int epoll_fd, epoll_event* events, int event_count, const timespec* timeout, const void* mask) noexcept {
    constexpr std::size_t mask_bytes = _NSIG / 8;
    const bool for_ever_or_now = !timeout || (timeout->tv_sec == 0 && timeout->tv_nsec == 0);
    static std::atomic<bool> has_pwait2{true};  // until a kernel before 5.11 says ENOSYS
    if (!for_ever_or_now && has_pwait2.load(std::memory_order_relaxed)) {
        long count = direct_call(SYS_epoll_pwait2, epoll_fd, events, event_count, timeout, mask, mask_bytes);
        if (count >= 0 || errno != ENOSYS) return static_cast<int>(count);
        has_pwait2.store(false, std::memory_order_relaxed);
    }
    constexpr std::int64_t longest_s = 1'000'000;
    std::int64_t ms = -1;
    if (timeout) {
        ms = timeout->tv_sec >= longest_s ? longest_s * 1000
                                          : timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000;
    }
    return static_cast<int>(
        direct_call(SYS_epoll_pwait, epoll_fd, events, event_count, static_cast<int>(ms), mask, mask_bytes));
}

int eventfd() noexcept {
    return moved_up(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));  // not a name that any patch takes
}

int pidfd_open(pid_t process) noexcept {
    return moved_up(static_cast<int>(direct_call(SYS_pidfd_open, process, 0)));
}
int copy_of(int fd) noexcept {
    return moved_up(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

int gettid() noexcept {
    return static_cast<int>(direct_call(SYS_gettid));
}

int signal_thread(int thread_id, int signal_number) noexcept {
    return static_cast<int>(direct_call(SYS_tgkill, ::getpid(), thread_id, signal_number));
}

interruption interrupted_at(const void* machine_context) noexcept {
    [[maybe_unused]] auto& registers = static_cast<const ucontext_t*>(machine_context)->uc_mcontext;
#if defined(__x86_64__)
    return {reinterpret_cast<void*>(registers.gregs[REG_RIP]), reinterpret_cast<void*>(registers.gregs[REG_RSP])};
#elif defined(__aarch64__)
    return {reinterpret_cast<void*>(registers.pc), reinterpret_cast<void*>(registers.sp)};
#else
    return {};
#endif
}

int thread_count() noexcept {
    constexpr int links_of_an_empty_directory = 2;
    struct statx found {};
    if (GREEN_CALL(statx, AT_FDCWD, "/proc/self/task", 0, STATX_NLINK, &found) != 0) return 0;
    return std::max(static_cast<int>(found.stx_nlink) - links_of_an_empty_directory, 0);
}

}  // namespace green::sys

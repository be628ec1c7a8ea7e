// SPDX-License-Identifier: BSL-1.0
#include <green/sys/calls.h>

#include <green/sys/sanitizers.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <type_traits>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

// Direct system calls are out of every interposer's reach. Sanitizers, though, learn about buffers and about
// what one thread tells another through a descriptor by interposing the same libc names, so their builds call
// those: they are never combined with the patch.
#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
#define GREEN_VIA_LIBC 1
#define GREEN_CALL(name, ...) ::name(__VA_ARGS__)
#else
#define GREEN_CALL(name, ...) direct_call(SYS_##name, __VA_ARGS__)
#endif

namespace green::sys {

namespace {

#if defined(__x86_64__)
template <class Argument>
long as_word(Argument value) noexcept {
    if constexpr (std::is_pointer_v<Argument> || std::is_null_pointer_v<Argument>)
        return reinterpret_cast<long>(value);
    else
        return static_cast<long>(value);
}
#endif

// syscall(2) without the call: the kernel's own calls are nested so deep that the processor has forgotten where those
// outside return to, and each `ret` after one is mispredicted.
template <class... Arguments>
[[gnu::always_inline]] inline long direct_call(long number, Arguments... arguments) noexcept {
#if defined(__x86_64__)
    const long values[6] = {as_word(arguments)...};
    register long fourth asm("r10") = values[3];
    register long fifth asm("r8") = values[4];
    register long sixth asm("r9") = values[5];
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(values[0]), "S"(values[1]), "d"(values[2]), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    constexpr long largest_errno = 4095;
    if (number >= -largest_errno && number < 0) [[unlikely]] {
        errno = static_cast<int>(-number);
        return -1;
    }
    return number;
#else
    return ::syscall(number, arguments...);
#endif
}

}  // namespace

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
#ifdef GREEN_VIA_LIBC
ssize_t recv(int fd, void* buffer, std::size_t size_bytes, int flags) noexcept {
    return ::recv(fd, buffer, size_bytes, flags);
}
ssize_t send(int fd, const void* buffer, std::size_t size_bytes, int flags) noexcept {
    return ::send(fd, buffer, size_bytes, flags);
}
#else
ssize_t recv(int fd, void* buffer, std::size_t size_bytes, int flags) noexcept {
    return direct_call(SYS_recvfrom, fd, buffer, size_bytes, flags, nullptr, nullptr);
}
ssize_t send(int fd, const void* buffer, std::size_t size_bytes, int flags) noexcept {
    return direct_call(SYS_sendto, fd, buffer, size_bytes, flags, nullptr, 0);
}
#endif
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
    return static_cast<int>(GREEN_CALL(epoll_create1, EPOLL_CLOEXEC));
}
int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
    return static_cast<int>(GREEN_CALL(epoll_ctl, epoll_fd, operation, fd, event));
}

int epoll_wait(int epoll_fd, epoll_event* events, int event_count, const timespec* timeout) noexcept {
    const bool for_ever_or_now = !timeout || (timeout->tv_sec == 0 && timeout->tv_nsec == 0);
    static std::atomic<bool> has_pwait2{true};  // until a kernel before 5.11 says ENOSYS
    if (!for_ever_or_now && has_pwait2.load(std::memory_order_relaxed)) {
        long count = direct_call(SYS_epoll_pwait2, epoll_fd, events, event_count, timeout, nullptr, 0);
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
        direct_call(SYS_epoll_pwait, epoll_fd, events, event_count, static_cast<int>(ms), nullptr, 0));
}

int eventfd() noexcept {
    return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // not a name that any patch takes
}

int gettid() noexcept {
    return static_cast<int>(direct_call(SYS_gettid));
}

int signal_thread(int thread_id, int signal_number) noexcept {
    return static_cast<int>(direct_call(SYS_tgkill, ::getpid(), thread_id, signal_number));
}

void* interrupted_at(const void* machine_context) noexcept {
    [[maybe_unused]] auto& registers = static_cast<const ucontext_t*>(machine_context)->uc_mcontext;
#if defined(__x86_64__)
    return reinterpret_cast<void*>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return reinterpret_cast<void*>(registers.pc);
#else
    return nullptr;
#endif
}

int thread_count() noexcept {
    constexpr int links_of_an_empty_directory = 2;
    struct statx found {};
    if (GREEN_CALL(statx, AT_FDCWD, "/proc/self/task", 0, STATX_NLINK, &found) != 0) return 0;
    return std::max(static_cast<int>(found.stx_nlink) - links_of_an_empty_directory, 0);
}

}  // namespace green::sys

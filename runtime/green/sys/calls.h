// SPDX-License-Identifier: BSL-1.0
// The kernel's own calls, under names that no patch and no LD_PRELOAD can take over.
//
// The runtime never calls libc's `read`, `connect`, `close` …: under monkeypatch/ those names park the caller,
// which would recurse. Results and errno are those of the section 2 man page of the same name; none of these
// retries on EINTR unless it says so. None parks: a descriptor that can block must be non-blocking. Those of
// recv(2) and send(2) are in sys/direct_call.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>

#include <sys/types.h>

struct epoll_event;
struct iovec;
struct msghdr;
struct sockaddr;

namespace green::sys {

ssize_t read(int fd, void* buffer, std::size_t size_bytes) noexcept;
ssize_t write(int fd, const void* buffer, std::size_t size_bytes) noexcept;
ssize_t readv(int fd, const iovec* parts, int part_count) noexcept;
ssize_t writev(int fd, const iovec* parts, int part_count) noexcept;
ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept;
ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept;

int socket(int family, int type, int protocol) noexcept;
int bind(int fd, const sockaddr* address, unsigned size_bytes) noexcept;
int listen(int fd, int backlog_count) noexcept;
int connect(int fd, const sockaddr* address, unsigned size_bytes) noexcept;
int accept4(int fd, sockaddr* address, unsigned* size_bytes, int flags) noexcept;
int shutdown(int fd, int how) noexcept;
int getsockopt(int fd, int level, int name, void* value, unsigned* size_bytes) noexcept;
int setsockopt(int fd, int level, int name, const void* value, unsigned size_bytes) noexcept;
int getsockname(int fd, sockaddr* address, unsigned* size_bytes) noexcept;
int getpeername(int fd, sockaddr* address, unsigned* size_bytes) noexcept;

// Never retried: on Linux the descriptor is gone even when close(2) reports EINTR.
int close(int fd) noexcept;
int fcntl(int fd, int command, long argument) noexcept;
int poll_now(int fd, short events, short& returned_events) noexcept;  // poll(2) of one fd with timeout zero

// The descriptors of epoll_create(), eventfd(), pidfd_open() and copy_of() below are the runtime's own, and get high numbers: the program's
// count from 3 as ever. is_own() tells them from others, until close().
bool is_own(int fd) noexcept;
inline constexpr unsigned own_numbers_below = 1024;  // where they are put, if the limit allows
inline constexpr unsigned own_numbers_end = 4096;    // higher ones are taken for the program's
int epoll_create() noexcept;  // with EPOLL_CLOEXEC
int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept;
// Waits in the kernel: for the hub alone. A null timeout means for ever. Uses epoll_pwait2 (Linux 5.11)
// where it exists, else epoll_pwait with the time rounded up to a millisecond. `mask` is the thread's signal mask meanwhile; null: its own.
int epoll_wait(int epoll_fd, epoll_event* events, int event_count, const timespec* timeout,
               const void* mask = nullptr) noexcept;
int eventfd() noexcept;  // close-on-exec, non-blocking

int pidfd_open(pid_t process) noexcept;  // readable once the process has ended; close-on-exec
int copy_of(int fd) noexcept;            // as dup(2); close-on-exec

int gettid() noexcept;
// Sends a signal to one thread of this process, by the number that gettid() returns on it.
int signal_thread(int thread_id, int signal_number) noexcept;
// Where a signal has interrupted its thread, from its handler's third argument; null where it is not known.
struct interruption {
    void* instruction = nullptr;
    void* stack_pointer = nullptr;
};
interruption interrupted_at(const void* machine_context) noexcept;
// How many threads the process has at present, also those that are about to end; 0 when it cannot be told. The number
// of links of /proc/self/task, a directory with one subdirectory per thread (proc(5)): no descriptor is needed.
int thread_count() noexcept;

}  // namespace green::sys

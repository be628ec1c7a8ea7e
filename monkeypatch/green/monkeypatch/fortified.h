// SPDX-License-Identifier: BSL-1.0
// Declarations that libc's headers make only for fortified programs.
#pragma once

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" {
ssize_t __read_chk(int fd, void* buffer, size_t size, size_t buffer_size);
ssize_t __recv_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags, sockaddr* from,
                       socklen_t* from_size);
[[noreturn]] void __longjmp_chk(jmp_buf to, int value) noexcept;
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int directory, const char* path, int flags);
int __openat64_2(int directory, const char* path, int flags);
int __poll_chk(pollfd* entries, nfds_t count, int limit_ms, size_t buffer_size);
int __ppoll_chk(pollfd* entries, nfds_t count, const timespec* limit, const sigset_t* mask, size_t buffer_size);
}

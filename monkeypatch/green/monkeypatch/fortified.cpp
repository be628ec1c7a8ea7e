// SPDX-License-Identifier: BSL-1.0
// The names that programs built with _FORTIFY_SOURCE call: the same calls, told how large the buffer is.
#include <green/monkeypatch/fortified.h>
#include <green/monkeypatch/patch.h>

#include <fcntl.h>
#include <sys/socket.h>

using green::monkeypatch::original;

namespace {

bool makes_files(int flags) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

}  // namespace

extern "C" {

[[noreturn]] void __chk_fail();

ssize_t __read_chk(int fd, void* buffer, size_t size, size_t buffer_size) {
    if (size > buffer_size) __chk_fail();
    return ::read(fd, buffer, size);
}

ssize_t __recv_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags) {
    if (size > buffer_size) __chk_fail();
    return ::recv(fd, buffer, size, flags);
}

ssize_t __recvfrom_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags, sockaddr* from,
                       socklen_t* from_size) {
    if (size > buffer_size) __chk_fail();
    return ::recvfrom(fd, buffer, size, flags, from, from_size);
}

int __poll_chk(pollfd* entries, nfds_t count, int limit_ms, size_t buffer_size) {
    if (buffer_size / sizeof *entries < count) __chk_fail();
    return ::poll(entries, count, limit_ms);
}

int __ppoll_chk(pollfd* entries, nfds_t count, const timespec* limit, const sigset_t* mask, size_t buffer_size) {
    if (buffer_size / sizeof *entries < count) __chk_fail();
    return ::ppoll(entries, count, limit, mask);
}

// Without a mode: libc ends the program when the flags say that a file may be made.
int __open_2(const char* path, int flags) {
    if (makes_files(flags)) return original<&::__open_2>()(path, flags);
    return ::open(path, flags);
}

int __open64_2(const char* path, int flags) {
    if (makes_files(flags)) return original<&::__open64_2>()(path, flags);
    return ::open64(path, flags);
}

int __openat_2(int directory, const char* path, int flags) {
    if (makes_files(flags)) return original<&::__openat_2>()(directory, path, flags);
    return ::openat(directory, path, flags);
}

int __openat64_2(int directory, const char* path, int flags) {
    if (makes_files(flags)) return original<&::__openat64_2>()(directory, path, flags);
    return ::openat64(directory, path, flags);
}

}  // extern "C"

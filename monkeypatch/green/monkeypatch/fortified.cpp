// SPDX-License-Identifier: BSL-1.0
// The names that programs built with _FORTIFY_SOURCE call: the same calls, told how large the buffer is.
#include <green/monkeypatch/fortified.h>
#include <green/monkeypatch/patch.h>

#include <sys/socket.h>

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

}  // extern "C"

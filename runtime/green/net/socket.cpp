// SPDX-License-Identifier: BSL-1.0
#include <green/net/socket.h>

#include <green/hub/poller.h>
#include <green/io/fd_wait.h>
#include <green/sys/calls.h>

#include <cerrno>

#include <sys/socket.h>

namespace green::detail {

namespace {

[[noreturn]] void fail(const char* call, const std::string& what) {
    throw std::system_error(errno, std::generic_category(), std::string("green: ") + call + ' ' + what);
}

std::string described(int fd) {
    return fd < 0 ? "of a socket (closed)" : "fd " + std::to_string(fd);
}

}  // namespace

socket_fd socket_fd::open(int family, int type, std::error_code& error) noexcept {
    error.clear();
    socket_fd opened(sys::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (opened)
        note_opened(opened.get());
    else
        error.assign(errno, std::generic_category());
    return opened;
}

void socket_fd::close() noexcept {
    if (fd_ >= 0) close_fd(release(), /*may_be_shared=*/false);
}

endpoint local_endpoint_of(int fd) {
    socket_address address;
    if (sys::getsockname(fd, address.get(), address.size()) != 0) fail("getsockname", described(fd));
    return address.to_endpoint();
}

endpoint remote_endpoint_of(int fd) {
    socket_address address;
    if (sys::getpeername(fd, address.get(), address.size()) != 0) fail("getpeername", described(fd));
    return address.to_endpoint();
}

int get_option(int fd, int level, int name, const char* what) {
    int value = 0;
    unsigned size_bytes = sizeof value;
    if (sys::getsockopt(fd, level, name, &value, &size_bytes) != 0) fail("getsockopt", what);
    return value;
}

void set_option(int fd, int level, int name, int value, const char* what) {
    if (sys::setsockopt(fd, level, name, &value, sizeof value) != 0) fail("setsockopt", what);
}

}  // namespace green::detail

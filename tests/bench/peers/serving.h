// SPDX-License-Identifier: BSL-1.0
// What the serving programs of all peers share: how much is read at once, what is answered, and how a server tells that
// it listens. Knows no runtime. go/serving.go and python/serving.py have the same in their languages.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace peer {

constexpr int backlog_count = 4096;
// Of each connection, or of all where one serves all. Larger than the largest request, so that a read of one is short.
constexpr std::size_t buffer_size_bytes = 16384;

// The workload `http`: what is sent as an answer where no library makes it up.
constexpr std::string_view hello_body = "Hello, world!";
constexpr std::string_view hello_response =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

// The workload `mixed`: a slow request waits, and then computes.
constexpr std::chrono::milliseconds slow_wait{20};
constexpr std::chrono::microseconds slow_computing{200};
constexpr std::string_view mixed_answer = "ok\n";

inline void compute() {
    const auto end = std::chrono::steady_clock::now() + slow_computing;
    while (std::chrono::steady_clock::now() < end) {
    }
}

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

// Tells whoever started the server that it listens. It ends by SIGTERM, or with its parent.
inline void announce(std::uint16_t port) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    std::printf("port=%u\n", port);
    std::fflush(stdout);
}

// For programs that call the kernel themselves; `flags` as of socket(2).
inline int open_socket(int flags) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) fail("socket");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// Without waiting for the connection when `flags` say so.
inline int connect_to(std::uint16_t port, int flags = 0) {
    const int fd = open_socket(flags);
    const sockaddr_in address = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect");
    return fd;
}

// TCP_NODELAY is set on the listener because an accepted socket inherits it on Linux, which saves one system call per
// connection.
inline int listen_and_announce(int flags = 0) {
    const int fd = open_socket(flags);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) < 0) fail("bind");
    if (::listen(fd, backlog_count) < 0) fail("listen");
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) fail("getsockname");
    announce(ntohs(address.sin_port));
    return fd;
}

}  // namespace peer

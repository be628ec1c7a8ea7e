// SPDX-License-Identifier: BSL-1.0
// What every echo server of the benches shares, whatever runtime it stands on: one command line, one
// listening socket, one last line. Knows nothing of how connections are served, and must not know any
// runtime, so that two servers differ in nothing but their loops.
//
//     SERVER [--port N] [--edge]
//
// prints `port=N` once it listens on 127.0.0.1, echoes until SIGTERM or SIGINT (or until its parent dies),
// and then prints what it has used from start to end:
//
//     cpu_ns=123456789 requests=100000 connections=100 [system_calls=202000 epoll_ctls=101]
//
// The part in brackets comes only from a build that counts (-DBENCH_COUNT_SYSTEM_CALLS).
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

inline constexpr std::uint64_t request_size_bytes = 64;
inline constexpr int backlog_count = 4096;

// A count that one thread raises and a signal handler on the same thread reads. Costs a plain increment: the
// load and the store are separate, because no other thread writes.
class tally {
  public:
    void add(std::uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

struct server_tallies {
    tally echoed_bytes;
    tally connections;
    tally system_calls;  // stays 0 unless the build counts
    tally epoll_ctls;    // stays 0 unless the build counts
};
inline server_tallies tallies;

struct server_options {
    std::uint16_t port = 0;  // 0 lets the kernel choose
    bool edge_triggered = false;
};

// Prints why `what` failed and ends the program with status 1: a bench has nothing to recover.
[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

inline server_options parse_server_options(int count, char** words) {
    server_options options;
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(words[i], "--edge") == 0) {
            options.edge_triggered = true;
        } else if (std::strcmp(words[i], "--port") == 0 && i + 1 < count) {
            options.port = static_cast<std::uint16_t>(std::atoi(words[++i]));
        } else {
            std::fprintf(stderr, "usage: %s [--port N] [--edge]\n", words[0]);
            std::exit(2);
        }
    }
    return options;
}

// Tells whoever started the server that it listens.
inline void announce(std::uint16_t port) {
    std::printf("port=%u\n", port);
    std::fflush(stdout);
}

// Opens a non-blocking listener on 127.0.0.1 and announces it. TCP_NODELAY is set here because an accepted
// socket inherits it on Linux, which saves one system call per connection.
inline int listen_and_announce(const server_options& options) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) < 0) fail("bind");
    if (::listen(fd, backlog_count) < 0) fail("listen");
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) fail("getsockname");
    announce(ntohs(address.sin_port));
    return fd;
}

namespace detail {

// Runs in the signal handler. snprintf with integers only takes no lock and allocates nothing in glibc.
inline void report_and_exit(int) {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto nanoseconds = [](const timeval& time) {
        return time.tv_sec * 1'000'000'000LL + time.tv_usec * 1'000LL;
    };
    char line[256];
    int length =
        std::snprintf(line, sizeof line, "cpu_ns=%lld requests=%llu connections=%llu",
                      nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
                      static_cast<unsigned long long>(tallies.echoed_bytes.value() / request_size_bytes),
                      static_cast<unsigned long long>(tallies.connections.value()));
    if (tallies.system_calls.value() != 0) {
        length += std::snprintf(line + length, sizeof line - length, " system_calls=%llu epoll_ctls=%llu",
                                static_cast<unsigned long long>(tallies.system_calls.value()),
                                static_cast<unsigned long long>(tallies.epoll_ctls.value()));
    }
    line[length++] = '\n';
    ::_exit(::write(STDOUT_FILENO, line, length) == length ? 0 : 1);
}

}  // namespace detail

// Makes SIGTERM and SIGINT print the last line and end the process. A handler that exits, rather than a flag,
// a signalfd or a waiting thread, costs the serving loop nothing and needs nothing from a runtime; a second
// thread would even slow the loop, because the kernel then counts references on every fd it looks up.
inline void report_on_termination() {
    struct sigaction action {};
    action.sa_handler = detail::report_and_exit;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

}  // namespace bench

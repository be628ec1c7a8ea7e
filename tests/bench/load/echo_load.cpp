// SPDX-License-Identifier: BSL-1.0
// The client of the echo bench: keeps one 64-byte request in flight on each of many connections, checks every
// byte that comes back, and reads from outside what the server spent meanwhile.
//
//     echo-load --port N [--connections 100] [--seconds 2] [--warm-up 0.3] [--requests N] [--churn] [--core
//     N]
//               [--server-pid PID] [--count-calls]
//
// Without --churn the connections are opened first and live through the whole run. With --churn each
// connection carries one request: connect, ask, read the answer, close, and the next one takes its place. The
// measured window opens after the warm-up and closes after --seconds or --requests, whichever is first; a
// connection or a request counts when its answer has been checked. --server-pid reports the server's CPU time
// inside the window,
// --count-calls its system calls. Prints one line of key=value words; exits with 1 if an answer is wrong, or
// if none comes for five seconds.
//
// One thread and epoll; edge-triggered with short reads, because the client has to be faster than the server:
// only a server that always has work shows what a request costs "at full speed".
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <getopt.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "server_meter.h"

namespace {

using clock_type = std::chrono::steady_clock;
using seconds_type = std::chrono::duration<double>;

constexpr std::size_t request_size_bytes = 64;
constexpr int batch_count = 512;
constexpr int silence_limit_milliseconds = 5000;

struct load_options {
    std::uint16_t port = 0;
    int connections = 100;
    seconds_type duration{2};
    seconds_type warm_up{0.3};
    std::uint64_t requests = UINT64_MAX;
    bool churn = false;
    bool count_calls = false;
    int core = -1;
    pid_t server_pid = 0;
};

struct client {
    int fd = -1;
    std::uint32_t received = 0;          // bytes of the current answer
    char request[request_size_bytes]{};  // starts with a number no other request of this run has
    char answer[2 * request_size_bytes]{};
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

class echo_load {
  public:
    explicit echo_load(const load_options& options);
    void open_all();
    // Handles one batch of answers; waits for at least one.
    void pass();
    void abort_all();
    std::uint64_t answered() const { return answered_; }

  private:
    void open(client& one);
    void ask(client& one);
    void take_answer(client& one);

    const load_options& options_;
    int epoll_;
    std::vector<client> clients_;
    std::uint64_t answered_ = 0;
    std::uint64_t asked_ = 0;
    std::uint32_t opened_ = 0;
};

echo_load::echo_load(const load_options& options)
    : options_(options),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      clients_(static_cast<std::size_t>(options.connections)) {
    if (epoll_ < 0) fail("epoll_create1");
    for (client& one : clients_) {
        for (std::size_t i = 0; i < request_size_bytes; ++i) one.request[i] = static_cast<char>(i * 37 + 11);
    }
}

void echo_load::open_all() {
    for (client& one : clients_) open(one);
    for (client& one : clients_) ask(one);
}

// Connects from 127.0.0.1 to 127.0.0.240 in turn: one address has some 28,000 ephemeral ports, and a churn
// run leaves each in TIME_WAIT for a while. The port itself is chosen at connect, where only the whole
// four-tuple has to be unique. A blocking connect does not sleep here: loopback finishes the handshake inside
// the call.
void echo_load::open(client& one) {
    one.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one.fd < 0) fail("socket");
    int on = 1;
    ::setsockopt(one.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened_++ % 240);
    if (::bind(one.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(options_.port);
    if (::connect(one.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("connect");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &one;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event) < 0) fail("epoll_ctl");
}

void echo_load::ask(client& one) {
    std::memcpy(one.request, &++asked_, sizeof asked_);
    one.received = 0;
    if (::send(one.fd, one.request, request_size_bytes, MSG_NOSIGNAL) != request_size_bytes) fail("send");
}

void echo_load::pass() {
    epoll_event batch[batch_count];
    int count = ::epoll_wait(epoll_, batch, batch_count, silence_limit_milliseconds);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) {
        std::fprintf(stderr, "echo-load: no answer for %d ms\n", silence_limit_milliseconds);
        std::exit(1);
    }
    for (int i = 0; i < count; ++i) take_answer(*static_cast<client*>(batch[i].data.ptr));
}

// The buffer has room for more than one answer, so a read is always short (the socket is drained) and an
// answer that is too long is seen.
void echo_load::take_answer(client& one) {
    ssize_t size = ::recv(one.fd, one.answer + one.received, sizeof one.answer - one.received, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) fail(size == 0 ? "the server closed a connection" : "recv");
    one.received += static_cast<std::uint32_t>(size);
    if (one.received < request_size_bytes) return;
    if (one.received > request_size_bytes || std::memcmp(one.request, one.answer, request_size_bytes) != 0) {
        std::fprintf(stderr, "echo-load: a wrong answer\n");
        std::exit(1);
    }
    ++answered_;
    if (options_.churn) {
        ::close(one.fd);
        open(one);
    }
    ask(one);
}

// Ends every connection by a reset, which leaves nothing in TIME_WAIT.
void echo_load::abort_all() {
    for (client& one : clients_) {
        linger at_once{1, 0};
        ::setsockopt(one.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(one.fd);
    }
}

void pin_to(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (::sched_setaffinity(0, sizeof cores, &cores) < 0) fail("sched_setaffinity");
}

[[noreturn]] void refuse(const char* program) {
    std::fprintf(stderr,
                 "usage: %s --port N [--connections N] [--seconds S] [--warm-up S] [--requests N] [--churn]\n"
                 "       [--core N] [--server-pid PID] [--count-calls]\n",
                 program);
    std::exit(2);
}

load_options parse(int count, char** words) {
    const option names[] = {{"port", 1, nullptr, 'p'},        {"connections", 1, nullptr, 'n'},
                            {"seconds", 1, nullptr, 's'},     {"warm-up", 1, nullptr, 'w'},
                            {"requests", 1, nullptr, 'r'},    {"churn", 0, nullptr, 'c'},
                            {"core", 1, nullptr, 'k'},        {"server-pid", 1, nullptr, 'i'},
                            {"count-calls", 0, nullptr, 'x'}, {nullptr, 0, nullptr, 0}};
    load_options options;
    for (int letter; (letter = ::getopt_long(count, words, "", names, nullptr)) != -1;) {
        switch (letter) {
            case 'p':
                options.port = static_cast<std::uint16_t>(std::atoi(optarg));
                break;
            case 'n':
                options.connections = std::atoi(optarg);
                break;
            case 's':
                options.duration = seconds_type(std::atof(optarg));
                break;
            case 'w':
                options.warm_up = seconds_type(std::atof(optarg));
                break;
            case 'r':
                options.requests = std::strtoull(optarg, nullptr, 10);
                break;
            case 'c':
                options.churn = true;
                break;
            case 'k':
                options.core = std::atoi(optarg);
                break;
            case 'i':
                options.server_pid = std::atoi(optarg);
                break;
            case 'x':
                options.count_calls = true;
                break;
            default:
                refuse(words[0]);
        }
    }
    if (options.port == 0 || options.connections < 1) refuse(words[0]);
    return options;
}

// What the server spent between two readings, as key=value words on one line.
void report(const load_options& options, std::uint64_t requests, seconds_type elapsed,
            const bench::server_reading& before, const bench::server_reading& after, bool counted) {
    double each = static_cast<double>(requests ? requests : 1);
    std::printf("connections=%d requests=%llu seconds=%.3f requests_per_second=%.0f", options.connections,
                static_cast<unsigned long long>(requests), elapsed.count(), each / elapsed.count());
    if (options.server_pid != 0) {
        double cpu_ns = static_cast<double>((after.cpu - before.cpu).count());
        std::printf(" server_cpu_ns_per_request=%.1f server_busy=%.3f", cpu_ns / each,
                    cpu_ns / (elapsed.count() * 1e9));
    }
    if (counted) {
        std::printf(" system_calls_per_request=%.4f epoll_ctls_in_window=%llu",
                    static_cast<double>(after.system_calls - before.system_calls) / each,
                    static_cast<unsigned long long>(after.epoll_ctls - before.epoll_ctls));
    }
}

}  // namespace

int main(int count, char** words) {
    load_options options = parse(count, words);
    if (options.core >= 0) pin_to(options.core);
    bench::server_meter meter(options.server_pid, options.count_calls);
    if (options.count_calls && !meter.can_count_calls()) {
        std::fprintf(stderr, "echo-load: this kernel does not let us count system calls\n");
        return 3;
    }

    echo_load load(options);
    bench::server_reading fresh = meter.read();
    load.open_all();
    for (auto end = clock_type::now() + options.warm_up; clock_type::now() < end;) load.pass();

    std::uint64_t answered_before = load.answered();
    auto start = clock_type::now();
    bench::server_reading before = meter.read();
    while (clock_type::now() - start < options.duration &&
           load.answered() - answered_before < options.requests) {
        load.pass();
    }
    bench::server_reading after = meter.read();
    seconds_type elapsed = clock_type::now() - start;

    std::uint64_t requests = load.answered() - answered_before;
    report(options, requests, elapsed, before, after, meter.can_count_calls());
    if (meter.can_count_calls()) {
        double connections = static_cast<double>(options.churn ? load.answered() : options.connections);
        std::printf(" epoll_ctls_per_connection=%.3f",
                    static_cast<double>(after.epoll_ctls - fresh.epoll_ctls) / connections);
    }
    std::printf("\n");
    load.abort_all();
}

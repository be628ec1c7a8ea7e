// SPDX-License-Identifier: BSL-1.0
// The best plain epoll echo loop we can write: what the echo bench measures every other server against.
//
//     echo-epoll [--port N] [--edge]       run by tests/bench/echo-bench; see echo_server.h for what it prints
//
// Without --edge each connection is level-triggered: one epoll_wait shared by a batch, one recv, one send.
// The kernel keeps a level-triggered socket on its ready list until a later epoll_wait finds it empty, so
// that each event costs a second look inside the kernel, but no second system call. With --edge that second
// look is gone, and the loop has to know when a socket is drained. A read that returned less than it had room
// for has emptied a stream, so no read is spent on hearing EAGAIN. One exception: an edge that carries
// EPOLLRDHUP announces the end of the stream together with the data, and no second edge comes for it.
//
// Either way a connection costs one epoll_ctl in its life: close() takes it out of the set. Only a peer that
// does not read its echoes costs more, see `park_output`. Built a second time as echo-epoll-counting, which
// counts its own system calls.
#include <cerrno>
#include <memory>
#include <string>
#include <vector>
#include <sys/epoll.h>

#include "../echo_server.h"

namespace {

using bench::tallies;

#ifdef BENCH_COUNT_SYSTEM_CALLS
constexpr bool count_system_calls = true;
#else
constexpr bool count_system_calls = false;
#endif

constexpr int batch_count = 512;
constexpr std::size_t buffer_size_bytes = 16384;

template <class Function, class... Arguments>
auto system_call(Function function, Arguments... arguments) {
    if constexpr (count_system_calls) tallies.system_calls.add();
    return function(arguments...);
}

class echo_loop {
  public:
    echo_loop(int listener, bool edge_triggered);
    [[noreturn]] void run();

  private:
    void accept_one();
    void serve(int fd, std::uint32_t events);
    bool echo_once(int fd, bool& drained);
    bool send_or_park(int fd, const char* data, std::size_t size);
    bool flush_parked(int fd);
    void control(int operation, int fd, std::uint32_t events);
    void close(int fd);

    int listener_;
    std::uint32_t interest_;
    bool edge_triggered_;
    int epoll_;
    std::vector<std::unique_ptr<std::string>> parked_output_;  // by fd; null unless the peer is slow to read
    char buffer_[buffer_size_bytes];
};

echo_loop::echo_loop(int listener, bool edge_triggered)
    : listener_(listener),
      interest_(edge_triggered ? EPOLLIN | EPOLLRDHUP | EPOLLET : EPOLLIN),
      edge_triggered_(edge_triggered),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      parked_output_(1 << 16) {
    if (epoll_ < 0) bench::fail("epoll_create1");
    control(EPOLL_CTL_ADD, listener_, EPOLLIN);
}

void echo_loop::run() {
    static epoll_event batch[batch_count];
    for (;;) {
        int count = system_call(::epoll_wait, epoll_, batch, batch_count, -1);
        if (count < 0 && errno != EINTR) bench::fail("epoll_wait");
        for (int i = 0; i < count; ++i) {
            if (batch[i].data.fd == listener_) {
                accept_one();
            } else {
                serve(batch[i].data.fd, batch[i].events);
            }
        }
    }
}

// Takes one connection per event. The listener is level-triggered, so the others come with the next batch;
// accepting until EAGAIN instead costs 6 % more in a churn of 100 connections, and never less at 10 or 4,000.
void echo_loop::accept_one() {
    int fd = system_call(::accept4, listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    tallies.connections.add();
    control(EPOLL_CTL_ADD, fd, interest_);
}

// Level-triggered: reads once, whatever is left comes back with the next batch. Edge-triggered: reads until
// the socket is known to be empty.
void echo_loop::serve(int fd, std::uint32_t events) {
    if (parked_output_[fd] && !flush_parked(fd)) return;
    bool end_follows = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    bool drained = false;
    while (echo_once(fd, drained)) {
        if (!edge_triggered_ || (drained && !end_follows)) return;
    }
}

// Returns whether the connection is still to be read: neither empty nor blocked on output nor closed.
bool echo_loop::echo_once(int fd, bool& drained) {
    ssize_t size = system_call(::recv, fd, buffer_, sizeof buffer_, 0);
    if (size > 0) {
        tallies.echoed_bytes.add(static_cast<std::uint64_t>(size));
        drained = static_cast<std::size_t>(size) < sizeof buffer_;
        return send_or_park(fd, buffer_, static_cast<std::size_t>(size));
    }
    if (size < 0 && errno == EAGAIN) return false;
    close(fd);
    return false;
}

// Sends everything, or keeps what the peer has no room for and stops reading from it until it has. The two
// extra epoll_ctl calls are paid only by such a peer; asking for EPOLLOUT from the start would report every
// new socket as writable and wake the loop once for nothing.
bool echo_loop::send_or_park(int fd, const char* data, std::size_t size) {
    ssize_t sent = system_call(::send, fd, data, size, MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(size)) return true;
    if (sent < 0 && errno != EAGAIN) {
        close(fd);
        return false;
    }
    std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    parked_output_[fd] = std::make_unique<std::string>(data + done, size - done);
    control(EPOLL_CTL_MOD, fd, edge_triggered_ ? EPOLLOUT | EPOLLET : EPOLLOUT);
    return false;
}

bool echo_loop::flush_parked(int fd) {
    std::unique_ptr<std::string> output = std::move(parked_output_[fd]);
    if (!send_or_park(fd, output->data(), output->size())) return false;
    control(EPOLL_CTL_MOD, fd, interest_);  // reports at once what arrived meanwhile, edge-triggered or not
    return true;
}

void echo_loop::control(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if constexpr (count_system_calls) tallies.epoll_ctls.add();
    if (system_call(::epoll_ctl, epoll_, operation, fd, &event) < 0) bench::fail("epoll_ctl");
}

void echo_loop::close(int fd) {
    parked_output_[fd].reset();
    system_call(::close, fd);
}

}  // namespace

int main(int count, char** words) {
    bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    static echo_loop loop(bench::listen_and_announce(options), options.edge_triggered);
    loop.run();
}

// SPDX-License-Identifier: BSL-1.0
// The edge-triggered loop of echo_epoll.cpp with a stack per connection and nothing else: no runtime, no queue, no
// deadline, no cancellation. What it takes more than that loop is the price of the stacks themselves (a page, its walk
// and a few lines of cache for each connection); what green takes more than this is green's own.
//
//     echo-bare-fibers [--port N]       run by tests/bench/echo-bench; see echo_server.h for what it prints
#include <cerrno>
#include <cstddef>
#include <memory>
#include <vector>
#include <boost/context/detail/fcontext.hpp>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "../echo_server.h"

namespace {

using bench::tallies;
namespace context = boost::context::detail;

constexpr int batch_count = 128;
constexpr std::size_t buffer_size_bytes = 1024;
constexpr std::size_t stack_size_bytes = 64 * 1024;

struct connection {
    context::fcontext_t suspended_at;
    char* stack;
    int fd;
};

std::vector<connection*> ended;

// Every stack has an unmapped page below it, as a runtime's have.
char* map_stack() {
    void* at = ::mmap(nullptr, stack_size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) bench::fail("mmap");
    ::mprotect(at, 4096, PROT_NONE);
    return static_cast<char*>(at);
}

bool send_all(int fd, const char* data, std::size_t size) {
    return ::send(fd, data, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);  // the load reads every echo
}

void serve(context::transfer_t arrived) {
    auto& self = *static_cast<connection*>(arrived.data);
    auto wait = [&] { arrived = context::jump_fcontext(arrived.fctx, nullptr); };
    char buffer[buffer_size_bytes];
    for (;;) {
        const ssize_t size = ::recv(self.fd, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EAGAIN) {
            wait();
            continue;
        }
        if (size <= 0 || !send_all(self.fd, buffer, static_cast<std::size_t>(size))) break;
        tallies.echoed_bytes.add(static_cast<std::uint64_t>(size));
        if (static_cast<std::size_t>(size) < sizeof buffer) wait();
    }
    ::close(self.fd);
    context::jump_fcontext(arrived.fctx, &self);
}

void resume(connection& one) {
    const context::transfer_t back = context::jump_fcontext(one.suspended_at, &one);
    one.suspended_at = back.fctx;
    if (back.data) ended.push_back(&one);
}

void accept_one(int epoll, int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    tallies.connections.add();
    connection* one;
    if (ended.empty()) {
        one = new connection{nullptr, map_stack(), fd};
    } else {
        one = ended.back();
        ended.pop_back();
        one->fd = fd;
    }
    one->suspended_at = context::make_fcontext(one->stack + stack_size_bytes, stack_size_bytes, &serve);
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = one}};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) bench::fail("epoll_ctl");
}

}  // namespace

int main(int count, char** words) {
    const bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    const int listener = bench::listen_and_announce(options);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) bench::fail("epoll");
    for (;;) {
        epoll_event batch[batch_count];
        const int ready = ::epoll_wait(epoll, batch, batch_count, -1);
        if (ready < 0 && errno != EINTR) bench::fail("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            if (auto* one = static_cast<connection*>(batch[i].data.ptr))
                resume(*one);
            else
                accept_one(epoll, listener);
        }
    }
}

// SPDX-License-Identifier: BSL-1.0
// Many connections to one server, with a fixed number of requests in flight on each; every byte that comes back is
// checked. One thread and epoll, edge-triggered with short reads, because the client has to be faster than the server:
// only a server that always has work shows what a request costs "at full speed". For the same reason the clock is read
// only when latencies are wanted.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "histogram.h"

namespace bench {

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct load_shape {
    std::uint16_t port = 0;
    std::size_t connections = 100;
    std::size_t in_flight = 1;
    std::size_t greedy_connections = 0;  // beside the others
    bool churn = false;                  // one request per connection
    bool latency = false;
};

constexpr std::size_t greedy_in_flight = 64;

template <class Conversation>
class client_load {
  public:
    using clock = std::chrono::steady_clock;

    client_load(Conversation conversation, const load_shape& shape);
    void open_all();
    // Handles one batch of answers; waits for at least one.
    void pass();
    // Ends every connection by a reset, which leaves nothing in TIME_WAIT.
    void abort_all();
    std::uint64_t answered() const { return polite_answered_ + greedy_answered_; }
    std::uint64_t greedy_answered() const { return greedy_answered_; }
    histogram& latencies() { return latencies_; }  // not of the greedy ones

  private:
    static constexpr int batch_count = 512;
    static constexpr int silence_limit_milliseconds = 5000;
    static constexpr std::size_t input_size_bytes = 256 * 1024;

    // Bytes are counted from the first of the connection: where a message starts in them is known from its number.
    struct client {
        int fd = -1;
        bool is_greedy = false;
        bool waits_for_room = false;
        std::uint64_t first_number = 0;
        std::uint64_t asked = 0;  // requests
        std::uint64_t sent = 0, received = 0;
        std::vector<clock::time_point> asked_at;
    };

    void open(client& one);
    void ask(client& one, std::size_t count);
    void send_requests(client& one);
    void handle(client& one, std::uint32_t events);
    bool receive(client& one);
    std::size_t take_answers(client& one, std::size_t size);
    void note_latency(client& one, std::uint64_t index, clock::time_point now);

    const Conversation conversation_;
    const load_shape shape_;
    int epoll_;
    std::vector<client> clients_;
    std::vector<char> output_, input_;
    std::uint64_t polite_answered_ = 0, greedy_answered_ = 0, numbers_given_ = 0;
    std::uint32_t opened_ = 0;
    histogram latencies_;
};

template <class Conversation>
client_load<Conversation>::client_load(Conversation conversation, const load_shape& shape)
    : conversation_(std::move(conversation)),
      shape_(shape),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      clients_(shape.connections + shape.greedy_connections),
      output_(std::max(shape.in_flight, shape.greedy_connections ? greedy_in_flight : 1) * conversation_.request_size()),
      input_(input_size_bytes) {
    if (epoll_ < 0) fail("epoll_create1");
    for (std::size_t at = 0; at < output_.size(); at += conversation_.request_size()) conversation_.prepare(&output_[at]);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        clients_[i].is_greedy = i >= shape.connections;
        if (shape.latency) clients_[i].asked_at.resize(clients_[i].is_greedy ? 0 : shape.in_flight);
    }
}

template <class Conversation>
void client_load<Conversation>::open_all() {
    for (client& one : clients_) open(one);
    for (client& one : clients_) ask(one, one.is_greedy ? greedy_in_flight : shape_.in_flight);
}

// Connects from 127.0.0.1 to 127.0.0.240 in turn: one address has some 28,000 ephemeral ports, and a churn
// run leaves each in TIME_WAIT for a while. The port itself is chosen at connect, where only the whole
// four-tuple has to be unique. A blocking connect does not sleep here: loopback finishes the handshake inside
// the call.
template <class Conversation>
void client_load<Conversation>::open(client& one) {
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
    address.sin_port = htons(shape_.port);
    if (::connect(one.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("connect");
    one.waits_for_room = false;
    one.asked = one.sent = one.received = 0;
    one.first_number = numbers_given_;
    numbers_given_ += shape_.churn ? 1 : std::uint64_t{1} << 40;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &one;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event) < 0) fail("epoll_ctl");
}

template <class Conversation>
void client_load<Conversation>::ask(client& one, std::size_t count) {
    if (!one.asked_at.empty()) {
        const auto now = clock::now();
        for (std::size_t i = 0; i < count; ++i) one.asked_at[(one.asked + i) % one.asked_at.size()] = now;
    }
    one.asked += count;
    if (!one.waits_for_room) send_requests(one);
}

// All that may be sent goes out in one piece.
template <class Conversation>
void client_load<Conversation>::send_requests(client& one) {
    const std::size_t size = conversation_.request_size();
    while (one.sent < one.asked * size) {
        const std::uint64_t first = one.sent / size;
        const std::size_t count = one.asked - first;
        for (std::size_t i = 0; i < count; ++i)
            conversation_.number(&output_[i * size], one.first_number + first + i);
        const std::size_t offset = one.sent - first * size;
        const ssize_t sent = ::send(one.fd, &output_[offset], count * size - offset, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            one.waits_for_room = true;
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
            event.data.ptr = &one;
            if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, one.fd, &event) < 0) fail("epoll_ctl");
            return;
        }
        if (sent < 0) fail("send");
        one.sent += static_cast<std::uint64_t>(sent);
    }
}

template <class Conversation>
void client_load<Conversation>::pass() {
    epoll_event batch[batch_count];
    const int count = ::epoll_wait(epoll_, batch, batch_count, silence_limit_milliseconds);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) {
        std::fprintf(stderr, "echo-load: no answer for %d ms\n", silence_limit_milliseconds);
        std::exit(1);
    }
    for (int i = 0; i < count; ++i) handle(*static_cast<client*>(batch[i].data.ptr), batch[i].events);
}

template <class Conversation>
void client_load<Conversation>::handle(client& one, std::uint32_t events) {
    if ((events & EPOLLOUT) && one.waits_for_room) {
        one.waits_for_room = false;
        send_requests(one);
    }
    while (receive(one)) {
    }
}

// Returns whether there may be more: a read that does not fill the buffer has emptied the socket.
template <class Conversation>
bool client_load<Conversation>::receive(client& one) {
    const ssize_t size = ::recv(one.fd, input_.data(), input_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) fail(size == 0 ? "the server closed a connection" : "recv");
    const std::size_t complete = take_answers(one, static_cast<std::size_t>(size));
    (one.is_greedy ? greedy_answered_ : polite_answered_) += complete;
    if (complete != 0) {
        if (shape_.churn) {
            ::close(one.fd);
            open(one);
        }
        ask(one, complete);
    }
    return static_cast<std::size_t>(size) == input_.size();
}

// Checks what has been received, and returns how many answers are complete with it.
template <class Conversation>
std::size_t client_load<Conversation>::take_answers(client& one, std::size_t size) {
    const std::size_t whole = conversation_.answer_size();
    const auto now = one.asked_at.empty() ? clock::time_point{} : clock::now();
    std::uint64_t index = one.received / whole;
    std::size_t offset = one.received - index * whole;
    one.received += size;
    std::size_t complete = 0;
    for (const char* part = input_.data(); size > 0;) {
        const std::size_t length = std::min(size, whole - offset);
        if (index >= one.asked || !conversation_.is_right(part, offset, length, one.first_number + index)) {
            std::fprintf(stderr, "echo-load: a wrong answer\n");
            std::exit(1);
        }
        part += length, size -= length, offset += length;
        if (offset < whole) break;
        note_latency(one, index, now);
        ++complete, ++index;
        offset = 0;
    }
    return complete;
}

template <class Conversation>
void client_load<Conversation>::note_latency(client& one, std::uint64_t index, clock::time_point now) {
    if (one.asked_at.empty() || !conversation_.is_timed(one.first_number + index)) return;
    latencies_.add(now - one.asked_at[index % one.asked_at.size()]);
}

template <class Conversation>
void client_load<Conversation>::abort_all() {
    for (client& one : clients_) {
        linger at_once{1, 0};
        ::setsockopt(one.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(one.fd);
    }
}

}  // namespace bench

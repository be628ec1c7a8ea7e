// SPDX-License-Identifier: BSL-1.0
// The limit: one edge-triggered epoll loop, written by hand. Each request costs one recv, one send and its share of an
// epoll_wait: a read that returned less than it had room for has emptied the stream, so no read is spent on hearing
// EAGAIN, unless the event says that the end has come too, for which there will be no second one. All connections share
// one buffer. A connection costs one epoll_ctl; only one whose peer does not read costs another.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer.h"
#include "serving.h"
#include "small_http.h"

namespace {

// One socket. What it says goes to `output`, through the service: to itself, or to the other side of a proxy.
struct connection {
    explicit connection(int opened) : fd(opened) {}

    int fd;  // -1 once it is closed; freed when the batch of events that may name it is done
    connection* output = this;
    connection* source = this;
    std::string parked;  // to be sent to it; while there is some, its source is not read
    bool ended = false;

    peer::head_counter heads;  // http
    std::string lines;         // mixed: what has come and not been answered
    bool is_slow = false;      // mixed: its present request waits
};

class loop {
  public:
    loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (epoll_ < 0) peer::fail("epoll_create1");
    }

    // Service: accepted(connection&); take(connection&, data, size), which is to send(); milliseconds_to_wait(), expire().
    template <class Service>
    [[noreturn]] void run(Service& service) {
        const int listener = peer::listen_and_announce(SOCK_NONBLOCK);
        epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
        static epoll_event batch[512];
        for (;;) {
            const int count = ::epoll_wait(epoll_, batch, 512, service.milliseconds_to_wait());
            if (count < 0 && errno != EINTR) peer::fail("epoll_wait");
            for (int i = 0; i < count; ++i) {
                auto* one = static_cast<connection*>(batch[i].data.ptr);
                if (one)
                    handle(service, *one, batch[i].events);
                else
                    accept_one(service, listener);
            }
            service.expire();
            closed_.clear();
        }
    }

    connection& add(int fd, std::uint32_t events = 0) {
        auto* made = new connection(fd);
        control(EPOLL_CTL_ADD, *made, events);
        return *made;
    }

    // Sends, or keeps what there is no room for.
    void send(connection& to, const char* data, std::size_t size) {
        if (to.fd < 0) return;
        const ssize_t sent = ::send(to.fd, data, size, MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(size)) return;
        if (sent < 0 && errno != EAGAIN) return close_both(to);
        if (to.parked.empty()) control(EPOLL_CTL_MOD, to, EPOLLOUT);  // for good: it is edge-triggered
        const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
        to.parked.assign(data + done, size - done);
    }

    template <class Service>
    void read(Service& service, connection& from, bool to_its_end) {
        while (from.fd >= 0 && !from.ended && from.output->parked.empty()) {
            const ssize_t size = ::recv(from.fd, buffer_, sizeof buffer_, 0);
            if (size > 0) {
                service.take(from, buffer_, static_cast<std::size_t>(size));
                if (static_cast<std::size_t>(size) < sizeof buffer_ && !to_its_end) return;
            } else if (size < 0 && errno == EAGAIN) {
                return;
            } else {
                return size == 0 ? end(from) : close_both(from);
            }
        }
    }

  private:
    template <class Service>
    void accept_one(Service& service, int listener) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) service.accepted(add(fd));
    }

    template <class Service>
    void handle(Service& service, connection& one, std::uint32_t events) {
        if (one.fd < 0) return;
        if ((events & EPOLLOUT) && !one.parked.empty()) {
            const std::string parked = std::exchange(one.parked, {});
            send(one, parked.data(), parked.size());
            read(service, *one.source, true);
        }
        if (events & ~EPOLLOUT) read(service, one, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
    }

    void end(connection& from) {
        from.ended = true;
        if (from.output->ended) return close_both(from);
        ::shutdown(from.output->fd, SHUT_WR);
    }

    void close_both(connection& one) {
        connection* const other = one.output;
        close(one);
        if (other != &one) close(*other);
    }

    void close(connection& one) {
        if (one.fd < 0) return;
        ::close(std::exchange(one.fd, -1));
        if (!one.is_slow) closed_.emplace_back(&one);
    }

    void control(int operation, connection& one, std::uint32_t events) {
        epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET | events, .data = {.ptr = &one}};
        if (::epoll_ctl(epoll_, operation, one.fd, &event) < 0) peer::fail("epoll_ctl");
    }

    int epoll_;
    std::vector<std::unique_ptr<connection>> closed_;
    char buffer_[peer::buffer_size_bytes];
};

struct service {
    loop& around;
    void accepted(connection&) {}
    static int milliseconds_to_wait() { return -1; }
    void expire() {}
};

// Echo and proxy.
struct passing_on : service {
    void take(connection& from, const char* data, std::size_t size) { around.send(*from.output, data, size); }
};

// A socket that is not connected yet has no room: what comes before is parked like anything else.
struct proxy : passing_on {
    std::uint16_t upstream;
    void accepted(connection& client) {
        connection& server = around.add(peer::connect_to(upstream, SOCK_NONBLOCK), EPOLLOUT);
        client.output = client.source = &server;
        server.output = server.source = &client;
    }
};

struct http : service {
    void take(connection& from, const char* data, std::size_t size) {
        const std::size_t count = from.heads.take(data, size);
        if (count == 1) return around.send(from, peer::hello_response.data(), peer::hello_response.size());
        std::string answers;
        for (std::size_t i = 0; i < count; ++i) answers += peer::hello_response;
        if (count > 0) around.send(from, answers.data(), answers.size());
    }
};

// All slow ones wait equally long, so they expire in their order.
struct mixed : service {
    using clock = std::chrono::steady_clock;
    std::deque<std::pair<clock::time_point, connection*>> slow{};

    void take(connection& from, const char* data, std::size_t size) {
        from.lines.append(data, size);
        if (!from.is_slow) answer_lines(from);
    }
    void answer_lines(connection& from) {
        for (std::size_t end; !from.is_slow && (end = from.lines.find('\n')) != std::string::npos;) {
            from.is_slow = std::string_view(from.lines).substr(0, end) == "slow";
            from.lines.erase(0, end + 1);
            if (from.is_slow)
                slow.emplace_back(clock::now() + peer::slow_wait, &from);
            else
                around.send(from, peer::mixed_answer.data(), peer::mixed_answer.size());
        }
    }
    int milliseconds_to_wait() const {
        if (slow.empty()) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(slow.front().first - clock::now());
        return std::max(0, static_cast<int>(left.count()));
    }
    void expire() {
        while (!slow.empty() && slow.front().first <= clock::now()) {
            connection* const one = slow.front().second;
            slow.pop_front();
            one->is_slow = false;
            if (one->fd < 0) {
                delete one;
                continue;
            }
            peer::compute();
            around.send(*one, peer::mixed_answer.data(), peer::mixed_answer.size());
            answer_lines(*one);
        }
    }
};

template <class Service, class... More>
void serve(More... more) {
    static loop around;
    Service service{around, more...};
    around.run(service);
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve<passing_on>(); }},
    {"http", [](const peer::request&) { serve<http>(); }},
    {"proxy",
     [](const peer::request& wanted) {
         static loop around;
         proxy service{{{around}}, wanted.port("upstream")};
         around.run(service);
     }},
    {"mixed", [](const peer::request&) { serve<mixed>(); }},
};

}  // namespace

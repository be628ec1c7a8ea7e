// SPDX-License-Identifier: BSL-1.0
// Plain blocking calls, a thread of execution per connection: what is served by native threads (threads_serving.cpp)
// and, with not a word changed, by fibers under the patch (green_patched_serving.cpp).
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include "blocking_http.h"
#include "peer.h"
#include "serving.h"

namespace peer::posix {

inline bool send_all(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0) return false;
        data += sent, size -= static_cast<std::size_t>(sent);
    }
    return true;
}

inline void echo(int fd) {
    char buffer[buffer_size_bytes];
    for (ssize_t size; (size = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        if (!send_all(fd, buffer, static_cast<std::size_t>(size))) break;
    ::close(fd);
}

inline void pass_on(int from, int to) {
    char buffer[buffer_size_bytes];
    for (ssize_t size; (size = ::recv(from, buffer, sizeof buffer, 0)) > 0;)
        if (!send_all(to, buffer, static_cast<std::size_t>(size))) break;
    ::shutdown(to, SHUT_WR);
}

// The last of the two directions to end closes both.
template <class Start>
void proxy(int client, std::uint16_t upstream, Start start) {
    const int server = connect_to(upstream);
    auto ended = std::make_shared<std::atomic<int>>(0);
    auto pass = [ended](int from, int to) {
        pass_on(from, to);
        if (ended->fetch_add(1) == 1) ::close(from), ::close(to);
    };
    start([=] { pass(server, client); });
    pass(client, server);
}

inline void mixed(int fd) {
    char buffer[buffer_size_bytes];
    std::size_t held = 0;
    for (ssize_t size; (size = ::recv(fd, buffer + held, sizeof buffer - held, 0)) > 0;) {
        held += static_cast<std::size_t>(size);
        const char* line = buffer;
        while (const void* end = std::memchr(line, '\n', static_cast<std::size_t>(buffer + held - line))) {
            const auto* after = static_cast<const char*>(end) + 1;
            if (std::string_view(line, after) == "slow\n") {
                std::this_thread::sleep_for(slow_wait);
                compute();
            }
            line = after;
            if (!send_all(fd, mixed_answer.data(), mixed_answer.size())) break;
        }
        held -= static_cast<std::size_t>(line - buffer);
        std::memmove(buffer, line, held);
    }
    ::close(fd);
}

// `start(f)` runs f() beside this loop.
template <class Start, class Serve>
[[noreturn]] void serve_each(Start start, Serve serve) {
    const int listener = listen_and_announce();
    for (;;) {
        const int fd = ::accept(listener, nullptr, nullptr);
        if (fd < 0) fail("accept");
        start([fd, serve] { serve(fd); });
    }
}

// All that is served so. `prepare()` comes before the first call.
template <class Start>
workloads served_by(Start start, void (*prepare)() = [] {}) {
    auto serving = [start, prepare](auto serve) {
        return [start, prepare, serve](const request&) {
            prepare();
            serve_each(start, serve);
        };
    };
    auto serve_proxy = [start, prepare](const request& wanted) {
        prepare();
        serve_each(start, [start, upstream = wanted.port("upstream")](int client) { proxy(client, upstream, start); });
    };
    return {{"echo", serving(echo)}, {"http", serving(serve_http)}, {"proxy", serve_proxy}, {"mixed", serving(mixed)}};
}

}  // namespace peer::posix

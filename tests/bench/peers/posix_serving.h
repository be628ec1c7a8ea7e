// SPDX-License-Identifier: BSL-1.0
// Plain blocking calls, a thread of execution per connection: what is served by native threads (threads_serving.cpp)
// and, with not a word changed, by fibers under the patch (green_patched_serving.cpp).
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>

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

}  // namespace peer::posix

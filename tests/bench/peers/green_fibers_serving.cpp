// SPDX-License-Identifier: BSL-1.0
// green's fibers: serving. A fiber per connection with a small stack; HTTP by green's own server.
#include <green/green.h>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "peer.h"
#include "serving.h"

namespace {

constexpr std::size_t stack_size_bytes = 64 * 1024;

template <class Serve>
[[noreturn]] void serve_each(Serve serve) {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0}, {.backlog_count = peer::backlog_count});
    peer::announce(listener.local_endpoint().port);
    for (;;) green::spawn({.stack_size_bytes = stack_size_bytes}, serve, listener.accept());
}

void echo(green::tcp_stream stream) {
    std::array<std::byte, peer::buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = stream.read_some(buffer, error)) {
        green::write_all(stream, std::span(buffer).first(size), error);
        if (error) return;
    }
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
};

}  // namespace

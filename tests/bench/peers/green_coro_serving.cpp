// SPDX-License-Identifier: BSL-1.0
// green's tasks: serving. A task per connection. green's HTTP server has handlers on fibers only: no http here.
#include <green/green.h>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "peer.h"
#include "serving.h"

namespace {

namespace coro = green::coro;

template <class Serve>
coro::task<void> accept_all(green::tcp_listener& listener, Serve serve) {
    for (;;) coro::spawn(serve(co_await coro::accept(listener)));
}

template <class Serve>
void serve_each(Serve serve) {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0}, {.backlog_count = peer::backlog_count});
    peer::announce(listener.local_endpoint().port);
    green::block_on(accept_all(listener, serve));
}

coro::task<void> echo(green::tcp_stream stream) {
    std::array<std::byte, peer::buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = co_await coro::read_some(stream, buffer, error)) {
        for (std::span<const std::byte> left(buffer.data(), size); !left.empty();) {
            left = left.subspan(co_await coro::write_some(stream, left, error));
            if (error) co_return;
        }
    }
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
};

}  // namespace

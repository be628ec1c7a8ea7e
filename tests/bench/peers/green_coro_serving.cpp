// SPDX-License-Identifier: BSL-1.0
// green's tasks: serving. A task per connection. green's HTTP server has handlers on fibers only: no http here.
#include <green/green.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
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

coro::task<void> pass_on(green::tcp_stream& from, green::tcp_stream& to) {
    std::array<std::byte, peer::buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = co_await coro::read_some(from, buffer, error)) {
        for (std::span<const std::byte> left(buffer.data(), size); !left.empty() && !error;)
            left = left.subspan(co_await coro::write_some(to, left, error));
        if (error) break;
    }
    to.shutdown_write(error);
}

coro::task<void> proxy(green::tcp_stream client, green::endpoint upstream) {
    green::tcp_stream server = co_await coro::connect(upstream);
    auto back = coro::spawn(pass_on(server, client));
    co_await pass_on(client, server);
    co_await back.join();
}

coro::task<void> mixed(green::tcp_stream stream) {
    std::string text;
    try {
        for (;;) {
            const std::size_t size = co_await coro::read_until(stream, text, "\n");
            const bool is_slow = text.compare(0, size, "slow\n") == 0;
            text.erase(0, size);
            if (is_slow) {
                co_await coro::sleep(peer::slow_wait);
                peer::compute();
            }
            co_await coro::write_all(stream, peer::mixed_answer);
        }
    } catch (const std::system_error&) {  // the client has gone
    }
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
    {"proxy",
     [](const peer::request& wanted) {
         const green::endpoint upstream{green::ip_address::loopback_v4(), wanted.port("upstream")};
         serve_each([upstream](green::tcp_stream client) { return proxy(std::move(client), upstream); });
     }},
    {"mixed", [](const peer::request&) { serve_each(mixed); }},
};

}  // namespace

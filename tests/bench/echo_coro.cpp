// SPDX-License-Identifier: BSL-1.0
// The echo bench's server on green's other model: one task per connection, written the way a user would write it.
//
//     echo-coro [--port N]       run by tests/bench/echo-bench; see echo_server.h for what it prints
//
// --edge is accepted and means nothing: green's registrations always are edge-triggered.
#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>
#include <green/green.h>

#include "echo_server.h"

namespace {

namespace coro = green::coro;

constexpr std::size_t buffer_size_bytes = 1024;  // as in echo_green.cpp

coro::task<void> serve(green::tcp_stream peer) {
    std::array<std::byte, buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = co_await coro::read_some(peer, buffer, error)) {
        bench::tallies.echoed_bytes.add(size);
        for (std::span<const std::byte> left(buffer.data(), size); !left.empty();) {
            left = left.subspan(co_await coro::write_some(peer, left, error));
            if (error) co_return;
        }
    }
}

coro::task<void> accept_all(green::tcp_listener& listener) {
    for (;;) {
        green::tcp_stream peer = co_await coro::accept(listener);
        bench::tallies.connections.add();
        coro::spawn(serve(std::move(peer)));
    }
}

}  // namespace

int main(int count, char** words) {
    bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    green::tcp_listener listener({green::ip_address::loopback_v4(), options.port},
                                 {.backlog_count = bench::backlog_count});
    bench::announce(listener.local_endpoint().port);
    green::block_on(accept_all(listener));
}

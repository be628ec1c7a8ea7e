// SPDX-License-Identifier: BSL-1.0
// The echo bench's server on green: one fiber per connection, written the way a user would write it.
//
//     echo-green [--port N]       run by tests/bench/echo-bench; see echo_server.h for what it prints
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

// Roomy for the bench's 64 bytes, and small enough to share the page that a fiber's few frames are on.
constexpr std::size_t buffer_size_bytes = 1024;
constexpr std::size_t stack_size_bytes = 64 * 1024;

void serve(green::tcp_stream peer) {
    std::array<std::byte, buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = peer.read_some(buffer, error)) {
        bench::tallies.echoed_bytes.add(size);
        green::write_all(peer, std::span(buffer).first(size), error);
        if (error) return;
    }
}

}  // namespace

int main(int count, char** words) {
    bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    green::tcp_listener listener({green::ip_address::loopback_v4(), options.port},
                                 {.backlog_count = bench::backlog_count});
    bench::announce(listener.local_endpoint().port);
    for (;;) {
        green::tcp_stream peer = listener.accept();
        bench::tallies.connections.add();
        green::spawn({.stack_size_bytes = stack_size_bytes}, serve, std::move(peer));
    }
}

// SPDX-License-Identifier: BSL-1.0
// green's fibers: serving. A fiber per connection with a small stack; HTTP by green's own server.
#include <green/green.h>
#include <green/http/server.h>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
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

void pass_on(green::tcp_stream& from, green::tcp_stream& to) {
    std::array<std::byte, peer::buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = from.read_some(buffer, error)) {
        green::write_all(to, std::span(buffer).first(size), error);
        if (error) break;
    }
    to.shutdown_write(error);
}

void proxy(green::tcp_stream client, green::endpoint upstream) {
    green::tcp_stream server = green::connect(upstream);
    auto back = green::spawn({.stack_size_bytes = stack_size_bytes}, [&] { pass_on(server, client); });
    pass_on(client, server);
    back.join();
}

void mixed(green::tcp_stream stream) {
    green::buffered_reader reader(stream);
    try {
        while (std::optional<std::string_view> line = reader.read_line()) {
            if (*line == "slow") {
                green::sleep(peer::slow_wait);
                peer::compute();
            }
            green::write_all(stream, peer::mixed_answer);
        }
    } catch (const std::system_error&) {  // the client has gone
    }
}

void serve_http() {
    green::http::server server(
        {green::ip_address::loopback_v4(), 0},
        [](green::http::request&, green::http::response_writer& answer) { answer.send(200, "text/plain", peer::hello_body); },
        {.max_requests_per_connection = std::numeric_limits<std::size_t>::max(),
         .listen = {.backlog_count = peer::backlog_count},
         .stack_size_bytes = stack_size_bytes});
    peer::announce(server.local_endpoint().port);
    server.wait();
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
    {"http", [](const peer::request&) { serve_http(); }},
    {"proxy",
     [](const peer::request& wanted) {
         const green::endpoint upstream{green::ip_address::loopback_v4(), wanted.port("upstream")};
         serve_each([upstream](green::tcp_stream client) { proxy(std::move(client), upstream); });
     }},
    {"mixed", [](const peer::request&) { serve_each(mixed); }},
};

}  // namespace

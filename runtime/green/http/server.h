// SPDX-License-Identifier: BSL-1.0
// The HTTP/1.1 server.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>
#include <green/http/body.h>
#include <green/http/headers.h>
#include <green/http/response_writer.h>
#include <green/io/stream.h>
#include <green/net/server.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace green::http {

namespace detail {
class served_connection;
class server_state;
}  // namespace detail

// A request as the handler of a server sees it; its body is read through body_reader. Valid while the handler runs.
class request final : public body_reader {
  public:
    const std::string& method() const noexcept;
    // As it came: "/a/b?q=1" nearly always, "*" for OPTIONS.
    const std::string& target() const noexcept;
    std::string_view path() const noexcept;   // without the query; not decoded
    std::string_view query() const noexcept;  // behind the '?'; empty when there is none
    const http::headers& headers() const noexcept;
    const http::headers& trailers() const noexcept;  // complete at the end of the body
    int minor_version() const noexcept;              // of HTTP/1
    std::optional<std::uint64_t> content_length() const noexcept;
    bool has_body() const noexcept;
    // Whom it came from, in words: "tcp 127.0.0.1:40112".
    const std::string& peer() const noexcept;

    // For the rooms of the runtime.
    explicit request(detail::served_connection& c) noexcept : connection_(c) {}
    request(const request&) = delete;

  private:
    std::size_t do_read_some(std::span<std::byte> buffer) override;
    std::string describe() const override;

    detail::served_connection& connection_;
};

// What answers a request. Runs in the fiber of the connection and may park. What it throws is reported, and the client
// gets a 500 if nothing has been sent yet, else its connection ends.
using handler = green::detail::kept_function<void(request&, response_writer&)>;

struct server_options {
    duration header_timeout =
        std::chrono::seconds(30);  // from the first byte of a request to the end of its header: 408
    duration idle_timeout = std::chrono::seconds(60);  // between two requests, and for a first one: closed
    duration step_timeout = std::chrono::seconds(60);  // for each single read of a body and write of an answer
    std::size_t header_limit_bytes = 64 * 1024;        // more: 431
    std::uint64_t body_limit_bytes = 64 << 20;         // more: 413
    std::size_t max_requests_per_connection = 1'000'000;
    listen_options listen{};
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();  // further ones wait in the kernel's queue
    std::size_t stack_size_bytes = fiber_options{}.stack_size_bytes;        // of each connection's fiber
    // Told of what a handler threw. Empty: a line on standard error.
    green::detail::kept_function<void(const request&, std::exception_ptr)> report{};
};

// Answers the requests that arrive on `stream`, one after the other, until the peer or a handler wants no more, then
// returns. Parks; throws cancellation. Errors of the connection end it silently: they are the peer's affair.
void serve(byte_stream& stream, const handler& h, const server_options& options = {});

// Serves HTTP on a port, a fiber per connection.
//
//     green::http::server server({green::ip_address::loopback_v4(), 8080},
//                                [](green::http::request& asked, green::http::response_writer& answer) {
//                                    answer.send(200, "text/plain", "you want " + asked.target());
//                                });
//     server.wait();
//
// It accepts from its construction to its end, on the thread that made it; several of them, one per thread, may share
// a port (listen_options::reuse_port). Requests of one connection are answered in their order, pipelined ones too.
class server {
  public:
    // Listens; port 0 lets the kernel choose. Does not park. Throws std::system_error when it cannot listen,
    // std::invalid_argument for an empty handler.
    server(const endpoint& where, handler h, server_options options = {});
    // Ends everything at once: whoever is being served is killed. Does not wait for it.
    ~server() = default;
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    endpoint local_endpoint() const { return connections_.local_endpoint(); }
    std::size_t connection_count() const noexcept { return connections_.connection_count(); }

    // Stops accepting, closes the idle connections and lets requests under way be answered, for at most `grace`; then
    // kills what is left, and waits for its end. Parks. Idempotent. Throws resource_deadlock_would_occur in one of
    // its own handlers.
    void stop(duration grace = std::chrono::seconds(10));
    // Parks until the server has been stopped.
    void wait() { connections_.wait(); }

  private:
    std::shared_ptr<detail::server_state> state_;
    green::server connections_;
};

}  // namespace green::http

// SPDX-License-Identifier: BSL-1.0
// The HTTP/1.1 client.
#pragma once

#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/http/body.h>
#include <green/http/error.h>
#include <green/http/headers.h>
#include <green/http/response.h>
#include <green/io/stream.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace green::dns {
class resolver;
}

namespace green::http {

namespace detail {
class connection_pool;
}

// How a session reaches a host. May park, also when a task makes the request: then it is called on a fiber spawned for
// it (bridge/on_fiber.h), and so is the function of a body_source. Throws std::system_error, timed_out when `deadline`
// has passed. For https it returns the stream of a finished TLS handshake that has checked `host`.
using connector =
    std::function<std::unique_ptr<byte_stream>(const std::string& host, std::uint16_t port, time_point deadline)>;

struct request_options {
    duration timeout = duration::max();                   // for all of it, redirects and body included
    duration connect_timeout = std::chrono::seconds(10);  // for the look-up and the connection, each time
    duration step_timeout = std::chrono::seconds(60);     // for each single read and write: the peer is silent
    bool follow_redirects = true;
    unsigned max_redirects = 20;
    // Ask for gzip and deflate, and unpack. Off by itself when the request has an Accept-Encoding of its own.
    bool decompress = true;
    std::size_t header_limit_bytes = 64 * 1024;
    // For the body as it travels and for what it unpacks to. Reading beyond it is body_too_large.
    std::uint64_t body_limit_bytes = std::numeric_limits<std::uint64_t>::max();
};

struct session_options {
    std::string user_agent = "green/0.1";  // empty: none is sent
    http::headers headers{};               // sent with every request that has none of the same name
    // Requests to a host beyond that wait, first come, first served; a response occupies its connection until its
    // body has been read or it is dropped. 0: no limit.
    std::size_t max_connections_per_host = 0;
    std::size_t max_idle_per_host = 8;                 // connections kept for later
    duration idle_timeout = std::chrono::seconds(30);  // and how long
    dns::resolver* resolver = nullptr;                 // outlives the session; null: the thread's default one
    connector connect{};                               // empty: TCP, names by that resolver
    connector connect_tls{};                           // empty: https is refused (no_tls)
};

// A client that keeps its connections for the next request to the same scheme, host and port. Move-only.
//
//     green::http::session session;
//     green::http::response answer = session.get("http://example.com/", {.timeout = 5s});
//     if (answer.succeeded()) std::string page = answer.read_all();
//
// For many fibers and tasks of one thread at the same time; each request has a connection of its own. Requests park,
// until the header of the answer has come; the body is read from the response. They throw cancellation, and leave no
// descriptor behind then or after an error.
//
// A kept connection may be closed by the server at any time. When it dies before the first byte of an answer, the
// request is made once more on a new one, if it is idempotent and its body can be sent again (RFC 9110, 9.2.2).
//
// A request is sent whole before its answer is read. A server that answers a large body while it reads it, and waits
// for its answer to be taken, makes both wait until step_timeout.
class session {
  public:
    explicit session(session_options options = {});
    session(session&&) noexcept;
    session& operator=(session&&) noexcept;
    ~session();

    // Makes a request and returns its answer, whatever its status, after redirects. Errors: http::errc, with the
    // phase in which time ran out; those of connecting, of name resolution and of the connection. The throwing forms
    // name the URL. `extra` headers replace the session's of the same name; Content-Length and Transfer-Encoding
    // come from the body.
    response request(std::string_view method, std::string_view url, const http::headers& extra = {},
                     const body_source& body = {}, const request_options& options = {});
    response request(std::string_view method, std::string_view url, const http::headers& extra,
                     const body_source& body, const request_options& options, std::error_code& error);

    response get(std::string_view url, const request_options& options = {}) {
        return request("GET", url, {}, {}, options);
    }
    response get(std::string_view url, const request_options& options, std::error_code& error) {
        return request("GET", url, {}, {}, options, error);
    }
    response head(std::string_view url, const request_options& options = {}) {
        return request("HEAD", url, {}, {}, options);
    }
    response post(std::string_view url, const body_source& body, std::string_view content_type,
                  const request_options& options = {}) {
        return request("POST", url, {{"Content-Type", std::string(content_type)}}, body, options);
    }

    // The same as co_await; spelled coro::request(), below. What is referred to outlives the task.
    coro::task<response> request_task(std::string_view method, std::string_view url, const http::headers& extra,
                                      const body_source& body, const request_options& options);

    // Closes the connections that nobody uses. Does not park.
    void close_idle() noexcept;
    std::size_t idle_count() const noexcept;

  private:
    session_options options_;
    std::shared_ptr<detail::connection_pool> pool_;
};

}  // namespace green::http

// The same as co_await. The session must outlive the wait, and the bytes that a body refers to; all else is copied.
//
//     green::http::session session;
//     green::http::response answer = co_await green::coro::get(session, "http://example.com/");
//     std::string page = co_await green::coro::read_all(answer);
namespace green::coro {

// See session::request(); they throw the same errors, and cancellation.
task<http::response> request(http::session& by, std::string method, std::string url, http::headers extra = {},
                             http::body_source body = {}, http::request_options options = {});
task<http::response> get(http::session& by, std::string url, http::request_options options = {});
task<http::response> head(http::session& by, std::string url, http::request_options options = {});
task<http::response> post(http::session& by, std::string url, http::body_source body, std::string content_type,
                          http::request_options options = {});

}  // namespace green::coro

// SPDX-License-Identifier: BSL-1.0
// Serving TCP connections, a fiber each.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>
#include <green/fiber/spawn.h>
#include <green/net/tcp.h>

#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

namespace green {

namespace detail {
class server_lane;
}

struct server_options {
    listen_options listen{};
    // How many hubs serve: this thread's and those of so many more threads, each with a listener of its own on the
    // same port (SO_REUSEPORT), among which the kernel spreads the connections.
    unsigned more_threads = 0;
    // How many connections each of them serves at a time. A full one leaves further ones in the kernel's queue.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    std::size_t stack_size_bytes = detail::default_stack_bytes;  // of each connection's fiber
    // Told of what a handler threw, in its fiber, and of a connection that could not get one. Must not park. Unset:
    // a line on standard error, except for what is the peer's doing (reset, broken pipe, timed out).
    detail::kept_function<void(std::exception_ptr)> report{};
};

// Accepts connections and runs the handler for each in a fiber of its own. Example:
//
//     green::server server({green::ip_address::any_v6(), 7}, [](green::tcp_stream& peer) { green::copy(peer, peer); });
//     server.wait();
//
// It serves from the moment it is made. The stream is closed when the handler returns or throws; no handler can stop
// the server. When no descriptor or memory is left for another connection, it tries again after a pause that doubles
// up to a second. Made, stopped and destroyed on one thread; with more_threads the handler runs on several at once.
class server {
  public:
    using handler = detail::kept_function<void(tcp_stream&)>;

    // Listens, and starts to accept as soon as the caller parks. Does not park. Throws what tcp_listener throws, and
    // std::invalid_argument for an empty handler or an impossible stack size.
    server(const endpoint& where, handler h, server_options options = {});
    // As stop() without grace, but without waiting: handlers end at their next wait, a little later. Does not park.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    endpoint local_endpoint() const { return where_; }
    // Connections that are being served, also on other threads; there a moment old.
    std::size_t connection_count() const noexcept;

    // Closes the listeners, waits up to `grace` for the handlers to return, then kills those that have not, and waits
    // until they have ended. Parks. Idempotent. Throws resource_deadlock_would_occur in one of its own handlers.
    void stop(duration grace = duration::zero());
    // Parks until the server has been stopped.
    void wait();

  private:
    endpoint where_;
    std::vector<std::shared_ptr<detail::server_lane>> lanes_;  // the first is this thread's
    std::vector<std::thread> threads_;                         // of the others
};

}  // namespace green

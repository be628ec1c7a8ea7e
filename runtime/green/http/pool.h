// SPDX-License-Identifier: BSL-1.0
// Connections that are kept for the next request to the same host. Knows no requests. Private to this room.
#pragma once

#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/http/connection.h>
#include <green/hub/hub.h>
#include <green/sync/semaphore.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace green::http::detail {

struct pool_limits {
    std::size_t max_connections_per_host;  // 0: as many as there are requests
    std::size_t max_idle_per_host;
    duration idle_timeout;
};

// Where connections are interchangeable.
struct pool_key {
    bool is_tls = false;
    std::string host;
    std::uint16_t port = 0;
    friend auto operator<=>(const pool_key&, const pool_key&) = default;
};

class lease;

// Connections by host: the idle ones, and permits for those in use. Shared by a session and the responses that it has
// given out, all on one hub's thread.
//
// A request first takes a permit of its host, then an idle connection if there is one, else it makes one. So there are
// never more connections to a host than permits, idle ones included.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
  public:
    explicit connection_pool(const pool_limits& limits) noexcept : limits_(limits) {}
    ~connection_pool() { expiry_.cancel(); }

    // A permit for one connection to `key`, and with it an idle connection when there is one that still looks alive,
    // the one used last. Waits while there is no permit. Throws timed_out_in_queue, and cancellation.
    coro::task<lease> reserve(pool_key key, time_point deadline);
    // Closes the idle connections. Does not park.
    void close_idle() noexcept;
    // The same, and keeps none from now on.
    void shut() noexcept;
    std::size_t idle_count() const noexcept;

  private:
    friend class lease;
    struct idle_connection {
        std::unique_ptr<connection> kept;
        time_point since;
    };
    struct host {
        explicit host(std::size_t permits);
        std::vector<idle_connection> idle;  // oldest first
        semaphore free;
        std::size_t user_count = 0;  // leases, and requests that wait for one
    };
    using host_map = std::map<pool_key, host>;

    void leave(host_map::iterator h) noexcept;  // the user goes; so does the host when nothing is left of it
    static std::unique_ptr<connection> take_idle(host& h) noexcept;
    void keep(host& h, std::unique_ptr<connection> c);
    void arm_expiry();
    void close_expired();

    pool_limits limits_;
    host_map hosts_;
    timer_handle expiry_;
    bool expiry_is_armed_ = false;
};

// A permit, and mostly a connection. Closes it, unless it is given back.
class lease {
  public:
    lease(lease&& other) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease() { end(); }

    connection* get() const noexcept { return connection_.get(); }
    connection* operator->() const noexcept { return connection_.get(); }
    connection& operator*() const noexcept { return *connection_; }

    // Closes the connection, keeps the permit; takes another connection.
    void close() noexcept { connection_.reset(); }
    void put(std::unique_ptr<connection> c) noexcept { connection_ = std::move(c); }

    // Closes the connection and gives the permit back. Idempotent.
    void end() noexcept;
    // Gives both back: the last exchange was complete, and both sides want to go on.
    void give_back();

  private:
    friend class connection_pool;
    lease(std::shared_ptr<connection_pool> pool, connection_pool::host_map::iterator host) noexcept
        : pool_(std::move(pool)), host_(host) {}

    std::shared_ptr<connection_pool> pool_;  // null once the permit was given back, or moved away
    connection_pool::host_map::iterator host_;
    std::unique_ptr<connection> connection_;
};

}  // namespace green::http::detail

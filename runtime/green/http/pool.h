// SPDX-License-Identifier: BSL-1.0
// Connections that are kept for the next request to the same host. Knows no requests. Private to this room.
#pragma once

#include <green/base/time.h>
#include <green/http/connection.h>
#include <green/hub/hub.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace green::http::detail {

struct pool_limits {
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

// Idle connections by host, the one used last in front. Shared by a session and the responses that it has given out,
// all on one hub's thread. No member parks.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
  public:
    explicit connection_pool(const pool_limits& limits) noexcept : limits_(limits) {}
    ~connection_pool() { expiry_.cancel(); }

    // A place for one connection, with an idle one in it when there is one that still looks alive.
    lease reserve(const pool_key& key);
    void close_idle() noexcept { idle_.clear(); }
    std::size_t idle_count() const noexcept;

  private:
    friend class lease;
    struct idle_connection {
        std::unique_ptr<connection> kept;
        time_point since;
    };

    void give_back(const pool_key& key, std::unique_ptr<connection> c);
    void arm_expiry();
    void close_expired();

    pool_limits limits_;
    std::map<pool_key, std::vector<idle_connection>> idle_;  // oldest first; no vector is empty
    timer_handle expiry_;
    bool expiry_is_armed_ = false;
};

// The right to use one connection. Closes it, unless it is given back.
class lease {
  public:
    lease(std::shared_ptr<connection_pool> pool, const pool_key& key, std::unique_ptr<connection> c)
        : pool_(std::move(pool)), key_(key), connection_(std::move(c)) {}
    lease(lease&&) = default;
    lease& operator=(lease&&) = default;

    connection* get() const noexcept { return connection_.get(); }
    connection* operator->() const noexcept { return connection_.get(); }
    connection& operator*() const noexcept { return *connection_; }
    const pool_key& key() const noexcept { return key_; }
    void put(std::unique_ptr<connection> c) noexcept { connection_ = std::move(c); }

    void close() noexcept { connection_.reset(); }
    // The last exchange on it was complete, and both sides want to go on.
    void give_back();

  private:
    std::shared_ptr<connection_pool> pool_;
    pool_key key_;
    std::unique_ptr<connection> connection_;
};

}  // namespace green::http::detail

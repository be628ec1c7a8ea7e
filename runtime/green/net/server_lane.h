// SPDX-License-Identifier: BSL-1.0
// The part of a server that lives on one hub: one listener, the fiber that accepts, and the connections' fibers.
#pragma once

#include <green/base/intrusive_list.h>
#include <green/fiber/fiber.h>
#include <green/net/server.h>
#include <green/sync/event.h>

#include <atomic>
#include <memory>

namespace green::detail {

// Everything on its own hub, except what is marked. The server and each of its fibers share it.
//
//     accept --> connection (owner, stream) moved into a fiber --> its handler --> the stream is closed and counted out
class server_lane : public std::enable_shared_from_this<server_lane> {
  public:
    // Listens already, on whichever thread makes it.
    server_lane(const endpoint& where, server::handler handler, server_options options)
        : handler_(std::move(handler)), options_(std::move(options)), listener_(where, options_.listen) {}

    // Starts to accept.
    void start();
    // Of a thread of its own: start(), waits until it is asked to stop, stop().
    void run();

    // See server: makes the handlers give up when `deadline` has passed. Parks.
    void stop(time_point deadline);
    // Closes the listener and makes every handler give up. Does not park.
    void abandon() noexcept;

    // --- any thread ---
    // Handlers may take their time until it is asked to hurry.
    void ask_to_stop() noexcept { stop_asked_.set(); }
    void ask_to_hurry() noexcept {
        hurry_asked_.set();
        stop_asked_.set();
    }
    void wait_stopped() { stopped_.wait(); }
    bool wait_stopped_until(time_point deadline) { return stopped_.wait_until(deadline); }
    std::size_t connection_count() const noexcept { return count_.load(std::memory_order_relaxed); }
    // Before start() only.
    endpoint local_endpoint() const { return listener_.local_endpoint(); }

  private:
    class connection;
    struct serving : list_hook<> {
        fiber_handle fiber;
    };

    void accept_all();
    bool accept_one();
    void pause_accepting();
    void serve(tcp_stream& peer);
    void report(std::exception_ptr error) noexcept;
    void count_in() noexcept;
    void count_out() noexcept;
    void refuse_own_handlers();

    server::handler handler_;
    server_options options_;
    tcp_listener listener_;
    fiber<void> acceptor_;
    intrusive_list<serving> serving_;  // those whose handler has begun
    std::atomic<std::size_t> count_{0};
    event has_room_, all_gone_, stop_asked_, hurry_asked_, stopped_;
    duration pause_{};
    bool abandoned_ = false;
};

}  // namespace green::detail

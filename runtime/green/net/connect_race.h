// SPDX-License-Identifier: BSL-1.0
// Several connection attempts at once, by one fiber or task (RFC 8305). Knows endpoints only, no names.
#pragma once

#include <green/io/fd_wait.h>
#include <green/net/connect.h>

#include <deque>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace green::detail {

// Waits for whichever of several sockets is ready first: one waiter in several places. They are all of this hub, so
// that nothing runs between two of their events.
struct wait_for_one_of {
    std::deque<fd_wait> waits;

    bool enqueue(wait_node& node);
    void withdraw(wait_node&) noexcept {}
    wait_reason reason() const noexcept { return waits.empty() ? wait_reason{"connect"} : waits.front().reason(); }
};

// What is done between two waits; whoever connects does the waiting:
//
//     while (race.advance()) wait_for(race.operation(), race.wait_until());
//
// The sockets live in this object, on the stack or in the frame of whoever connects: however it leaves, each loser is
// closed. Rejected: a fiber per attempt, which costs a stack each and needs a clean-up that parks.
class connect_race {
  public:
    connect_race(std::span<const endpoint> candidates, const connect_options& options);

    // Starts and looks after attempts; false once one is connected, all have failed, or the deadline has passed.
    bool advance();
    // While there is something to wait for.
    wait_for_one_of operation();
    time_point wait_until() const noexcept;

    // Afterwards: the connection, or a stream that is not open.
    tcp_stream take() noexcept { return std::move(connected_); }
    std::error_code error() const { return connected_.is_open() ? std::error_code() : most_telling_error(); }
    // "192.0.2.1:80 (Connection refused), [2001:db8::1]:80 (Network is unreachable)"
    std::string describe() const;

  private:
    enum class state { waiting_its_turn, under_way, failed };
    struct attempt {
        endpoint where;
        state now = state::waiting_its_turn;
        socket_fd socket{};       // under_way
        std::error_code error{};  // failed
    };

    // Each returns true when the attempt's socket is connected.
    bool start(attempt& a);
    bool look_again(attempt& a);
    bool settle(attempt& a, int connect_result);
    void give_up(attempt& a, std::error_code error);

    attempt* next_to_start();
    bool any_under_way() const;
    bool finish(attempt& winner);
    bool look_after_those_under_way(bool& one_failed);
    std::error_code most_telling_error() const;

    const connect_options& options_;
    std::vector<attempt> attempts_;
    time_point turn_ = never;  // when the next attempt may start beside those under way
    tcp_stream connected_;
};

}  // namespace green::detail

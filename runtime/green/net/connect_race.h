// SPDX-License-Identifier: BSL-1.0
// Several connection attempts at once, on one fiber (RFC 8305). Knows endpoints only, no names.
#pragma once

#include <green/net/connect.h>

#include <string>
#include <system_error>
#include <vector>

namespace green::detail {

// The sockets live in this object, on the stack of the fiber that connects: however it leaves, each loser is
// closed. Rejected: a fiber per attempt, which costs a stack each and needs a clean-up that parks.
class connect_race {
  public:
    connect_race(std::span<const endpoint> candidates, const connect_options& options);

    // Parks until one attempt has succeeded, and returns its connection; a stream that is not open when all have
    // failed or the deadline has passed. Throws cancellation.
    tcp_stream run();

    // After a run that failed.
    std::error_code most_telling_error() const;
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
    tcp_stream take(attempt& a);
    void wait_for_any(time_point deadline);

    const connect_options& options_;
    std::vector<attempt> attempts_;
};

}  // namespace green::detail

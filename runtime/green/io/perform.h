// SPDX-License-Identifier: BSL-1.0
// "Try, wait, try again", written once for every I/O call on a non-blocking descriptor.
#pragma once

#include <green/fiber/park.h>
#include <green/io/fd_wait.h>

#include <cerrno>
#include <concepts>
#include <system_error>

#include <sys/types.h>

namespace green::detail {

// One try of a system call: attempt() makes it and returns its result, with errno set when that is -1;
// `emptied(result)` says whether the result proves that a further try would block (a short read from a stream).
template <class T>
concept io_attempt = requires(T attempt, ssize_t result) {
    { attempt.call } -> std::convertible_to<const char*>;
    { attempt() } -> std::same_as<ssize_t>;
    { attempt.emptied(result) } -> std::same_as<bool>;
};

// What one try came to, and what it says about the next. Both models use it.
enum class try_result { done, failed, would_block };

template <io_attempt Attempt>
try_result try_once(fd_state& state, direction d, Attempt& attempt, ssize_t& result) {
    fd_side& side = state.side(d);
    if (side.drained) return try_result::would_block;
    do result = attempt();
    while (result < 0 && errno == EINTR);
    if (result >= 0) {
        if (!state.hung_up && attempt.emptied(result)) side.drained = true;
        return try_result::done;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) return try_result::failed;
    side.drained = true;
    return try_result::would_block;
}

// An fd_wait that is over when it is refused. Caught here and not around the wait, where a kill may have a
// std::system_error for its reason.
struct fd_wait_or_refusal : fd_wait {
    using fd_wait::fd_wait;
    bool enqueue(wait_node& node) try {
        return fd_wait::enqueue(node);
    } catch (const std::system_error& refused) {
        refusal = refused.code();
        return true;
    }
    std::error_code refusal{};
};

// Performs the attempt on the running fiber, parking while it would block. On failure returns -1 and sets `error`:
// what the call reported, timed_out when `deadline` passed first, bad_file_descriptor when the descriptor was
// closed meanwhile, device_or_resource_busy when another fiber waits for this direction. Throws cancellation; a
// cancelled or timed-out call has transferred nothing.
template <io_attempt Attempt>
ssize_t perform(int fd, direction d, Attempt attempt, time_point deadline, std::error_code& error) {
    scheduler& s = scheduler::current();
    control& self = s.running();
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled(attempt.call);
    if (fd < 0) {
        error.assign(EBADF, std::generic_category());
        return -1;
    }
    poller& p = s.loop().poller();
    ssize_t result = -1;
    for (;;) {
        switch (try_once(p.state(fd), d, attempt, result)) {
            case try_result::done:
                error.clear();
                spend_turn(s, self);
                return result;
            case try_result::failed:
                error.assign(errno, std::generic_category());
                return -1;
            case try_result::would_block:
                break;
        }
        fd_wait_or_refusal wait(p, fd, d, attempt.call);
        if (wait_for(wait, deadline) == outcome::timed_out)
            error = std::make_error_code(std::errc::timed_out);
        else if (wait.refusal)
            error = wait.refusal;
        else if (wait.closed_meanwhile())
            error.assign(EBADF, std::generic_category());
        else
            continue;
        return -1;
    }
}

}  // namespace green::detail

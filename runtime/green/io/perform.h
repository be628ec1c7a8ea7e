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

// Performs the attempt on the running fiber, parking while it would block. On failure returns -1 and sets `error`:
// what the call reported, timed_out when `deadline` passed first, bad_file_descriptor when the descriptor was
// closed meanwhile, device_or_resource_busy when another fiber waits for this direction. Throws cancellation; a
// cancelled or timed-out call has transferred nothing. Inlined, and the wait apart from it, because every frame and
// every local between a call and its park is more of the stack to bring into the caches when the fiber goes on.
template <io_attempt Attempt>
[[gnu::always_inline]] inline ssize_t perform(int fd, direction d, Attempt attempt, time_point deadline,
                                              std::error_code& error) {
    scheduler& s = scheduler::current();
    control& self = s.running();
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled(attempt.call);
    if (fd < 0) {
        error.assign(EBADF, std::generic_category());
        return -1;
    }
    ssize_t result = -1;
    do {
        switch (try_once(s.loop().poller().state(fd), d, attempt, result)) {
            case try_result::done:
                if (error) [[unlikely]] error.clear();
                spend_turn(s, self);
                return result;
            case try_result::failed:
                error.assign(errno, std::generic_category());
                return -1;
            case try_result::would_block:
                break;
        }
    } while (can_be_tried_again(fd, d, attempt.call, deadline, error));
    return -1;
}

}  // namespace green::detail

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

// One try of a system call: attempt() makes it and returns its result, a negative errno when it fails;
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
[[gnu::always_inline]] inline try_result try_once(fd_state& state, direction d, Attempt& attempt, ssize_t& result) {
    fd_side& side = state.side(d);
    if (side.drained) return try_result::would_block;
    do result = attempt();
    while (result == -EINTR);
    if (result >= 0) [[likely]] {
        if (!state.asks_always && attempt.emptied(result)) side.drained = true;
        return try_result::done;
    }
    if (result != -EAGAIN) return try_result::failed;
    side.drained = true;
    return try_result::would_block;
}

// After a try that would block: parks the running fiber until another one makes sense. False, with `error` set as
// perform() does, when there will be none. Throws cancellation. Inlined, because every frame between a call and its
// park is more of the stack to bring into the caches when the fiber goes on.
[[gnu::always_inline]] inline bool can_be_tried_again(scheduler& s, control& self, fd_state& state, int fd, direction d,
                                                      const char* call, time_point deadline, std::error_code& error) {
    fd_wait_or_refusal wait(s.loop().poller(), state, fd, d, call);
    self.node().slot = &state;  // where the next try begins: fetched ahead with the fiber's stack
    int why = wait_for(s, self, wait, deadline) == outcome::timed_out ? ETIMEDOUT : wait.refusal;
    if (!why && wait.closed_meanwhile()) [[unlikely]] why = EBADF;
    if (!why) [[likely]] return true;
    error.assign(why, std::generic_category());
    return false;
}

// perform() with its state looked up, and the first try behind it when `waits_first`.
template <io_attempt Attempt>
[[gnu::always_inline]] inline ssize_t perform_on(scheduler& s, control& self, fd_state& state, bool waits_first, int fd,
                                                 direction d, Attempt& attempt, time_point deadline,
                                                 std::error_code& error) {
    ssize_t result = -1;
    for (bool waits = waits_first;; waits = true) {
        if (waits && !can_be_tried_again(s, self, state, fd, d, attempt.call, deadline, error)) return -1;
        switch (try_once(state, d, attempt, result)) {
            case try_result::done:
                if (error) [[unlikely]] error.clear();
                spend_turn(s, self);
                return result;
            case try_result::failed:
                error.assign(static_cast<int>(-result), std::generic_category());
                return -1;
            case try_result::would_block:
                break;
        }
    }
}

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
    return perform_on(s, self, s.loop().poller().state(fd), false, fd, d, attempt, deadline, error);
}

}  // namespace green::detail

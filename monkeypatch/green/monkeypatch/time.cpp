// SPDX-License-Identifier: BSL-1.0
// Family time: the sleeps (sleep(3), usleep(3), nanosleep(2), clock_nanosleep(2), thrd_sleep(3)).
#include <green/fiber/park.h>
#include <green/hub/sleep_operation.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/interruption.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/timespec.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace green::monkeypatch {

namespace {

using detail::is_valid;
using detail::to_duration;
using detail::to_timespec;
using detail::waiting_call;
using green::detail::outcome;
using green::detail::scheduler;

// How a sleep ended: with no error, or before its time.
struct slept {
    int error = 0;  // ECANCELED, or EINTR after a signal handler
    duration left{};
};

slept sleep_on(scheduler& s, duration d, waiting_call& call) noexcept {
    if (d <= duration::zero()) {
        s.yield_and_expire_scopes(s.running());
        return {};
    }
    const time_point end = add(s.loop().now(), d);
    detail::interruption interrupted;
    const outcome result =
        interruptible_wait(s, green::detail::sleep_operation{}, end, call, detail::restarts::no, interrupted);
    interrupted.jump_if_asked();
    if (result == outcome::timed_out) return {};
    return {interrupted.happened ? EINTR : ECANCELED, std::max(end - s.loop().now(), duration(1))};
}

// nanosleep(2): 0, or an error number, with what was left in `*left`.
int sleep_relative(scheduler& s, const timespec& wanted, timespec* left, waiting_call&& call) noexcept {
    if (!is_valid(wanted)) return EINVAL;
    const slept rest = sleep_on(s, to_duration(wanted), call);
    if (rest.error && left) *left = to_timespec(rest.left);
    return rest.error;
}

duration time_of(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return to_duration(now);
}

// Until a moment on a clock that may be set, or goes on while the machine is suspended: then the end moves.
int sleep_until_clock_says(scheduler& s, clockid_t clock, const timespec& until, waiting_call&& call) noexcept {
    constexpr duration longest_unwatched = std::chrono::seconds(1);
    if (!is_valid(until)) return EINVAL;
    duration ahead = time_of(clock) - time_of(CLOCK_MONOTONIC);
    time_point end = add(s.loop().now(), to_duration(until) - time_of(clock));
    for (;;) {
        const duration rest = end - s.loop().now();
        if (rest <= duration::zero()) return 0;
        if (const int error = sleep_on(s, std::min(rest, longest_unwatched), call).error) return error;
        const duration ahead_now = time_of(clock) - time_of(CLOCK_MONOTONIC);
        end -= ahead_now - ahead;
        ahead = ahead_now;
    }
}

bool passes_while_parked(clockid_t clock) noexcept {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

unsigned sleep(unsigned seconds) {
    scheduler* s = detail::taken_over(family::time);
    if (!s) return original<&::sleep>()(seconds);
    waiting_call call("sleep");
    const slept rest = sleep_on(*s, std::chrono::seconds(seconds), call);
    if (rest.error) errno = rest.error;
    // Whole ones that are left, as glibc counts. After a cancellation none: who sleeps for what is left, until nothing is,
    // would do so for ever.
    return rest.error == EINTR ? static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(rest.left).count()) : 0;
}

int usleep(useconds_t microseconds) {
    scheduler* s = detail::taken_over(family::time);
    if (!s) return original<&::usleep>()(microseconds);
    waiting_call call("usleep");
    const int error = sleep_on(*s, std::chrono::microseconds(microseconds), call).error;
    if (error == 0) return 0;
    errno = error;
    return -1;
}

int nanosleep(const timespec* wanted, timespec* left) {
    scheduler* s = wanted ? detail::taken_over(family::time) : nullptr;
    if (!s) return original<&::nanosleep>()(wanted, left);
    const int error = sleep_relative(*s, *wanted, left, "nanosleep");
    if (error == 0) return 0;
    errno = error;
    return -1;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* wanted, timespec* left) {
    scheduler* s = wanted && passes_while_parked(clock) ? detail::taken_over(family::time) : nullptr;
    if (!s) return original<&::clock_nanosleep>()(clock, flags, wanted, left);
    return flags & TIMER_ABSTIME ? sleep_until_clock_says(*s, clock, *wanted, "clock_nanosleep")
                                 : sleep_relative(*s, *wanted, left, "clock_nanosleep");
}

int thrd_sleep(const timespec* wanted, timespec* left) {
    scheduler* s = wanted ? detail::taken_over(family::time) : nullptr;
    if (!s) return original<&::thrd_sleep>()(wanted, left);
    constexpr int interrupted = -1, failed = -2;  // as glibc has them
    const int error = sleep_relative(*s, *wanted, left, "thrd_sleep");
    return error == 0 ? 0 : error == EINTR ? interrupted : failed;
}

}  // extern "C"

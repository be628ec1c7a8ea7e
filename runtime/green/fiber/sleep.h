// SPDX-License-Identifier: BSL-1.0
// Letting time pass, and letting others run.
#pragma once

#include <green/base/time.h>
#include <green/fiber/scheduler.h>

namespace green {

// Parks the running fiber until `d` has passed; never returns early. Zero or less is yield(). Throws cancellation.
// In the manner of nanosleep(2), for one fiber.
void sleep(duration d);
template <class Rep, class Period>
void sleep(std::chrono::duration<Rep, Period> d) {
    sleep(saturate(d));
}

// Parks the running fiber until `deadline` has passed; `never` sleeps until it is cancelled.
void sleep_until(time_point deadline);

// Lets everything run that is ready, then goes on. Throws cancellation. In the manner of sched_yield(2).
[[gnu::always_inline]] inline void yield() {
    detail::scheduler::yield();
}

}  // namespace green

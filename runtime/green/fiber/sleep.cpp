// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/sleep.h>

#include <green/fiber/park.h>
#include <green/hub/parking.h>
#include <green/hub/sleep_operation.h>

namespace green {

void sleep_until(time_point deadline) {
    detail::wait_for(detail::sleep_operation{}, deadline);
}

void sleep(duration d) {
    if (d <= duration::zero()) return yield();
    auto& loop = detail::scheduler::current().loop();
    sleep_until(add(loop.now(), d));  // precise: a sleep must never be short
}

}  // namespace green

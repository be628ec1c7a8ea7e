// SPDX-License-Identifier: BSL-1.0
#include <green/base/time.h>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using green::duration;
using green::time_point;

TEST_CASE("durations out of range become the nearest that there is") {
    CHECK(green::saturate(std::chrono::hours::max()) == duration::max());
    CHECK(green::saturate(std::chrono::hours::min()) == duration::min());
    CHECK(green::saturate(std::chrono::duration<double>(1e300)) == duration::max());
    CHECK(green::saturate(3ms) == duration(3'000'000));
    CHECK(green::saturate(-3ms) == duration(-3'000'000));
    CHECK(green::saturate(std::chrono::duration<double>(0.25)) == 250ms);
}

TEST_CASE("a deadline that does not fit is never") {
    const time_point now(1h);
    CHECK(green::add(now, 1s) == now + 1s);
    CHECK(green::add(now, duration::max()) == green::never);
    CHECK(green::add(green::never, 1ns) == green::never);
    CHECK(green::add(now, -1s) == now - 1s);
}

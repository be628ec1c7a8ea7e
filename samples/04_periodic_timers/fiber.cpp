// SPDX-License-Identifier: BSL-1.0
// Two clocks that tick at different rates, without drifting.
//
//     build/samples/04_periodic_timers-fiber
//
// The next tick is counted from the last one's due time, not from when it came, so lateness does not add up. You will
// see four ticks, every 40 ms, and two tocks between them, every 60 ms.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;

void tick(const char* name, green::duration period, int count) {
    auto due = green::hub::current().now();
    for (int i = 1; i <= count; ++i) {
        due += period;
        green::sleep_until(due);
        std::printf("%s %d\n", name, i);
    }
}

int main() {
    auto fast = green::spawn(tick, "tick", 40ms, 4);
    auto slow = green::spawn(tick, "TOCK", 60ms, 2);
    fast.join();
    slow.join();
}

// SPDX-License-Identifier: BSL-1.0
// A hundred thousand that sleep at the same time, on one thread.
//
//     build/samples/03_many_sleepers-fiber
//
// They all sleep for the same tenth of a second. Each fiber costs a page of memory for its stack, and a little for
// its control block. You will see one line, after a second or so, and not after the 10,000 that they sleep together.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;

int main() {
    int awake = 0;
    green::with_task_group([&](green::task_group& group) {
        for (int i = 0; i < 100'000; ++i)
            group.spawn({.stack_size_bytes = 16 * 1024}, [&] {
                green::sleep(100ms);
                ++awake;
            });
    });
    std::printf("%d have slept\n", awake);
}

// SPDX-License-Identifier: BSL-1.0
// A hundred thousand that sleep at the same time, on one thread.
//
//     build/samples/03_many_sleepers-coro
//
// They all sleep for the same tenth of a second. A task has no stack: it costs its frame and its block, a tenth of what
// a fiber does. You will see one line, after a second or so, and not after the 10,000 that they sleep together.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<void> nap(int& awake) {
    co_await coro::sleep(100ms);
    ++awake;
}

coro::task<void> run() {
    int awake = 0;
    co_await coro::with_task_group([&](green::task_group& group) -> coro::task<void> {
        for (int i = 0; i < 100'000; ++i) group.spawn(nap(awake));
        co_return;
    });
    std::printf("%d have slept\n", awake);
}

int main() {
    green::block_on(run());
}

// SPDX-License-Identifier: BSL-1.0
// A producer and two workers around a queue that holds two items.
//
//     build/samples/06_message_queue-coro
//
// The full queue holds the producer up: that is the back-pressure. After shutdown() nothing more goes in, and the
// workers get what is left before their loops end, so nothing is lost. You will see 5050, the sum of all jobs.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<void> run() {
    green::queue<int> jobs(2);
    int sum = 0;
    auto work = [&]() -> coro::task<void> {
        try {
            for (;;) {
                const int job = co_await coro::get(jobs);
                co_await coro::sleep(1ms);
                sum += job;
            }
        } catch (const green::queue_closed&) {
        }
    };
    auto a = coro::spawn(work());
    auto b = coro::spawn(work());

    for (int job = 1; job <= 100; ++job) co_await coro::put(jobs, job);
    jobs.shutdown();
    co_await a.join();
    co_await b.join();
    std::printf("sum %d\n", sum);
}

int main() {
    green::block_on(run());
}

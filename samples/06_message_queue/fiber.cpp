// SPDX-License-Identifier: BSL-1.0
// A producer and two workers around a queue that holds two items.
//
//     build/samples/06_message_queue-fiber
//
// The full queue holds the producer up: that is the back-pressure. After shutdown() nothing more goes in, and the
// workers get what is left before their loops end, so nothing is lost. You will see 5050, the sum of all jobs.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;

int main() {
    green::queue<int> jobs(2);
    int sum = 0;
    auto work = [&] {
        for (int job : jobs) {
            green::sleep(1ms);
            sum += job;
        }
    };
    auto a = green::spawn(work);
    auto b = green::spawn(work);

    for (int job = 1; job <= 100; ++job) jobs.put(job);
    jobs.shutdown();
    a.join();
    b.join();
    std::printf("sum %d\n", sum);
}

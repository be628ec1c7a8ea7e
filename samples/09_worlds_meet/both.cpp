// SPDX-License-Identifier: BSL-1.0
// Fibers and tasks in one program: each waits for the other, and both use the same queue and the same timeout.
//
//     build/samples/09_worlds_meet-both
//
// Both run on one hub. A fiber runs a task by block_on(), as a part of itself; a task waits for a fiber as for anything
// else that gets ready. You will see 20 + 22, three words that a task has sent to a fiber, and a task that gave up
// when its fiber had to.
#include <green/green.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
namespace coro = green::coro;

int stackful_half() {
    green::sleep(10ms);
    return 20;
}

coro::task<int> stackless_half() {
    co_await coro::sleep(10ms);
    co_return 22;
}

coro::task<int> task_that_waits_for_a_fiber() {
    auto fiber = green::spawn(stackful_half);
    co_return co_await coro::get(fiber) + co_await stackless_half();
}

int main() {
    std::printf("%d\n", green::block_on(task_that_waits_for_a_fiber()));

    green::queue<std::string> words(1);
    auto producer = coro::spawn([&]() -> coro::task<void> {
        co_await coro::put(words, "from");
        co_await coro::put(words, "task");
        co_await coro::put(words, "to fiber");
        words.shutdown();
    });
    for (const std::string& word : words) std::printf("%s ", word.c_str());
    std::puts("");

    if (!green::with_timeout(10ms, [] { green::block_on([]() -> coro::task<void> { co_await coro::sleep(1h); }()); }))
        std::puts("the fiber's timeout has ended the task's sleep");
}

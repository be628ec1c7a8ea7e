// SPDX-License-Identifier: BSL-1.0
// Two greetings, one after the other and then at once.
//
//     build/samples/01_hello-coro
//
// A task waits by co_await, and so does whoever calls it, up to the first one: the type says so. You will see "one"
// before "another", which waits less but begins later; then "fast" before "slow": these two wait at the same time.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<void> greet(const char* name, green::duration after) {
    co_await coro::sleep(after);
    std::printf("hello, %s\n", name);
}

coro::task<void> run() {
    co_await greet("one", 20ms);
    co_await greet("another", 10ms);

    auto slow = coro::spawn(greet("slow", 20ms));
    auto fast = coro::spawn(greet("fast", 10ms));
    co_await slow.join();
    co_await fast.join();
}

int main() {
    green::block_on(run());
}

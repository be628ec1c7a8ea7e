// SPDX-License-Identifier: BSL-1.0
// Two greetings, one after the other and then at once.
//
//     build/samples/01_hello-fiber
//
// A fiber waits by calling a function that waits. Nothing in the type of greet() says so. You will see "one" before
// "another", which waits less but begins later; then "fast" before "slow": these two wait at the same time.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;

void greet(const char* name, green::duration after) {
    green::sleep(after);
    std::printf("hello, %s\n", name);
}

int main() {
    greet("one", 20ms);
    greet("another", 10ms);

    auto slow = green::spawn(greet, "slow", 20ms);
    auto fast = green::spawn(greet, "fast", 10ms);
    slow.join();
    fast.join();
}

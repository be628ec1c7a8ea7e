// SPDX-License-Identifier: BSL-1.0
// A C library calls back into your code, and your code waits there: qsort(3) asks a referee who is better.
//
//     build/samples/16_c_callback-fiber
//
// Each comparison takes 10 ms of waiting, and two sorts take no longer than one, because the fibers that qsort
// runs on wait at the same time, C frames and all. There is no coro.cpp beside this file: a task can be suspended in
// its own body only, never below a function that is not a coroutine, such as one in a C library. You will see two
// sorted lists, and that one sort did not wait for the other.
#include <green/green.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace std::chrono_literals;

green::duration one_after_the_other{};  // what it would take: all the waiting together

// What qsort calls. The referee is far away.
extern "C" int compare(const void* a, const void* b) {
    const auto began = green::hub::current().now();
    green::sleep(10ms);
    one_after_the_other += green::hub::current().now() - began;
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

void rank(const char* name, std::vector<int> players) {
    std::qsort(players.data(), players.size(), sizeof(int), &compare);
    std::printf("%s:", name);
    for (int each : players) std::printf(" %d", each);
    std::puts("");
}

int main() {
    const auto began = green::hub::current().now();
    auto one = green::spawn(rank, "first", std::vector{5, 3, 1, 4, 2, 9, 8, 7});
    auto other = green::spawn(rank, "second", std::vector{50, 30, 10, 40, 20, 90, 80, 70});
    one.join();
    other.join();
    const auto took = green::hub::current().now() - began;
    std::puts(took < one_after_the_other ? "both at the same time" : "one after the other");
}

// SPDX-License-Identifier: BSL-1.0
// Three factorials, computed in turns, and gathered.
//
//     build/samples/02_factorials-coro
//
// Each step of one lets the others go on. The results come in the order in which they were asked for, not in the
// order in which they were ready. You will see the three take turns, and then their results.
#include <green/green.h>

#include <cstdio>
#include <vector>

namespace coro = green::coro;

coro::task<long> factorial(const char* name, int n) {
    long product = 1;
    for (int i = 2; i <= n; ++i) {
        std::printf("%s: times %d\n", name, i);
        co_await coro::yield();
        product *= i;
    }
    co_return product;
}

coro::task<void> run() {
    std::vector<coro::task<long>> all;
    all.push_back(factorial("a", 2));
    all.push_back(factorial("b", 3));
    all.push_back(factorial("c", 4));
    for (long each : co_await coro::when_all(std::move(all))) std::printf("%ld\n", each);
}

int main() {
    green::block_on(run());
}

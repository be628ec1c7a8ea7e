// SPDX-License-Identifier: BSL-1.0
// Three factorials, computed in turns, and gathered.
//
//     build/samples/02_factorials-fiber
//
// Each step of one lets the others go on. The results come in the order in which they were asked for, not in the
// order in which they were ready. You will see the three take turns, and then their results.
#include <green/green.h>

#include <cstdio>
#include <vector>

long factorial(const char* name, int n) {
    long product = 1;
    for (int i = 2; i <= n; ++i) {
        std::printf("%s: times %d\n", name, i);
        green::yield();
        product *= i;
    }
    return product;
}

int main() {
    std::vector<green::fiber<long>> all;
    all.push_back(green::spawn(factorial, "a", 2));
    all.push_back(green::spawn(factorial, "b", 3));
    all.push_back(green::spawn(factorial, "c", 4));
    green::joinall(all);
    for (auto& each : all) std::printf("%ld\n", each.get());
}

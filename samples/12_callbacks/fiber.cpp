// SPDX-License-Identifier: BSL-1.0
// Three steps, tried again when one fails, in the order in which they are read.
//
//     build/samples/12_callbacks-fiber
//
// callbacks.cpp does the same in callback style. Here the loop is a loop, an error an exception, and the state is
// local variables. You will see "pay" fail once, and the order begin anew.
#include <green/green.h>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;

void step(const char* name, bool fails) {
    green::sleep(1ms);
    std::printf("%s%s\n", name, fails ? " fails" : "");
    if (fails) throw std::runtime_error(name);
}

void order() {
    for (int tries = 1; tries <= 3; ++tries) {
        try {
            step("reserve", false);
            step("pay", tries == 1);
            step("ship", false);
            std::puts("done");
            return;
        } catch (const std::runtime_error&) {
        }
    }
    std::puts("given up");
}

int main() {
    order();
}

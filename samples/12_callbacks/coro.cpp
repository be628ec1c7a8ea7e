// SPDX-License-Identifier: BSL-1.0
// Three steps, tried again when one fails, in the order in which they are read.
//
//     build/samples/12_callbacks-coro
//
// callbacks.cpp does the same in callback style. Here the loop is a loop, an error an exception, and the state is
// local variables. You will see "pay" fail once, and the order begin anew.
#include <green/green.h>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<void> step(const char* name, bool fails) {
    co_await coro::sleep(1ms);
    std::printf("%s%s\n", name, fails ? " fails" : "");
    if (fails) throw std::runtime_error(name);
}

coro::task<void> order() {
    for (int tries = 1; tries <= 3; ++tries) {
        try {
            co_await step("reserve", false);
            co_await step("pay", tries == 1);
            co_await step("ship", false);
            std::puts("done");
            co_return;
        } catch (const std::runtime_error&) {
        }
    }
    std::puts("given up");
}

int main() {
    green::block_on(order());
}

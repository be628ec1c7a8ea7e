// SPDX-License-Identifier: BSL-1.0
// Giving up: after a time, and because somebody else no longer wants the result.
//
//     build/samples/05_timeout_and_cancel-coro
//
// Both end the wait with an exception that is no std::exception, so destructors run and a catch meant for errors does
// not swallow it. You will see one answer, one that did not come in time, and one that nobody wanted; all three have
// cleaned up.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;
namespace coro = green::coro;

struct cleaned_up {
    const char* what;
    ~cleaned_up() { std::printf("%s: cleaned up\n", what); }
};

coro::task<int> slow_answer(const char* name, green::duration takes) {
    cleaned_up last{name};
    co_await coro::sleep(takes);
    std::printf("%s: done\n", name);
    co_return 42;
}

coro::task<void> run() {
    if (auto answer = co_await coro::with_timeout(1s, slow_answer("quick", 10ms))) std::printf("%d\n", *answer);
    const auto late = co_await coro::with_timeout(10ms, slow_answer("slow", 1h));
    if (!late) std::puts("no answer in time");

    auto unwanted = coro::spawn(slow_answer("unwanted", 1h));
    co_await coro::sleep(1ms);
    co_await unwanted.kill();
    std::puts("killed");
}

int main() {
    green::block_on(run());
}

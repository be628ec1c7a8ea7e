// SPDX-License-Identifier: BSL-1.0
// Giving up: after a time, and because somebody else no longer wants the result.
//
//     build/samples/05_timeout_and_cancel-fiber
//
// Both end the wait with an exception that is no std::exception, so destructors run and a catch meant for errors does
// not swallow it. You will see one answer, one that did not come in time, and one that nobody wanted; all three have
// cleaned up.
#include <green/green.h>

#include <cstdio>

using namespace std::chrono_literals;

struct cleaned_up {
    const char* what;
    ~cleaned_up() { std::printf("%s: cleaned up\n", what); }
};

int slow_answer(const char* name, green::duration takes) {
    cleaned_up last{name};
    green::sleep(takes);
    std::printf("%s: done\n", name);
    return 42;
}

int main() {
    if (auto answer = green::with_timeout(1s, [] { return slow_answer("quick", 10ms); })) std::printf("%d\n", *answer);
    if (!green::with_timeout(10ms, [] { return slow_answer("slow", 1h); })) std::puts("no answer in time");

    auto unwanted = green::spawn(slow_answer, "unwanted", 1h);
    green::sleep(1ms);
    unwanted.kill();
    std::puts("killed");
}

// SPDX-License-Identifier: BSL-1.0
// Where is somebody who waits? Three calls deep, seen from outside.
//
//     build/samples/18_backtraces-fiber
//
// A fiber that waits still has its stack, so inspect shows each call that led to where it is. (The program is linked
// with -rdynamic, else there are offsets instead of names.) You will see what "client" waits for, and the three calls,
// the innermost first.
#include <green/green.h>
#include <green/inspect/fibers.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

// Not inlined, so that each is a call, and at work after it, so that none is a jump.
[[gnu::noinline]] int query(int number) {
    green::sleep(1h);
    return number + 1;
}

[[gnu::noinline]] int transaction(int number) {
    return query(number) + 1;
}

[[gnu::noinline]] int request(int number) {
    return transaction(number) + 1;
}

int main() {
    auto client = green::spawn({.name = "client"}, request, 1);
    green::yield();
    for (const auto& each : green::inspect::fibers()) {
        if (each.name != "client") continue;
        std::printf("%s waits: %s\n", each.name.c_str(), each.situation.substr(0, each.situation.find(',')).c_str());
        for (const std::string& call : each.backtrace)
            if (call.find("(int)") != std::string::npos)
                std::printf("    %s\n", call.substr(0, call.find(')') + 1).c_str());
    }
    client.kill();
}

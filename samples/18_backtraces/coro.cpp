// SPDX-License-Identifier: BSL-1.0
// Where is somebody who waits? Three calls deep, seen from outside.
//
//     build/samples/18_backtraces-coro
//
// A task that waits has no stack: its calls are frames on the heap, and each knows who awaits it but nobody knows them
// all. inspect shows what it waits for, and no call. You will see what "client" waits for, and nothing below. What a
// debugger shows is told in samples/README.md.
#include <green/green.h>
#include <green/inspect/fibers.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<int> query(int number) {
    co_await coro::sleep(1h);
    co_return number + 1;
}

coro::task<int> transaction(int number) {
    co_return co_await query(number) + 1;
}

coro::task<int> request(int number) {
    co_return co_await transaction(number) + 1;
}

coro::task<void> run() {
    auto client = coro::spawn({.name = "client"}, request(1));
    co_await coro::yield();
    for (const auto& each : green::inspect::fibers()) {
        if (each.name != "client") continue;
        std::printf("%s waits: %s\n", each.name.c_str(), each.situation.substr(0, each.situation.find(',')).c_str());
        for (const std::string& call : each.backtrace)
            if (call.find("(int)") != std::string::npos)
                std::printf("    %s\n", call.substr(0, call.find(')') + 1).c_str());
    }
    co_await client.kill();
}

int main() {
    green::block_on(run());
}

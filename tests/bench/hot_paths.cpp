// SPDX-License-Identifier: BSL-1.0
// The ways through green that are walked most, each a given number of times and nothing else, to be counted in instructions:
//
//     hot-paths NAME TIMES       without words: the names
//
// tests/system/instructions_test.py runs it under Valgrind.
#include <green/green.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "hot_paths.h"

namespace {

using namespace std::chrono_literals;

void yield(unsigned times) {
    auto other = green::spawn([times] {
        for (unsigned i = 0; i < times; ++i) green::yield();
    });
    for (unsigned i = 0; i < times; ++i) green::yield();
    other.join();
}

void spawn_and_join(unsigned times) {
    for (unsigned i = 0; i < times; ++i) green::spawn([] {}).join();
}

// There and back again over a connection: two reads that park, and two writes.
void park_for_descriptor(unsigned times) {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto echo = green::spawn([&listener] {
        green::tcp_stream peer = listener.accept();
        std::array<std::byte, 64> buffer;
        while (std::size_t size = peer.read_some(buffer)) green::write_all(peer, std::span(buffer).first(size));
    });
    {
        green::tcp_stream stream = green::connect(listener.local_endpoint());
        std::array<std::byte, 64> buffer{};
        for (unsigned i = 0; i < times; ++i) {
            green::write_all(stream, std::span(buffer).first(1));
            stream.read_some(buffer);
        }
    }
    echo.join();
}

void arm_and_cancel_timer(unsigned times) {
    green::hub& hub = green::hub::current();
    for (int i = 0; i < 1000; ++i) hub.call_after(1h, [] {});
    for (unsigned i = 0; i < times; ++i) hub.call_after(std::chrono::minutes(i % 64), [] {}).cancel();
    std::fflush(stdout);
    std::_Exit(0);  // the others are still armed
}

void expire_timers(unsigned times) {
    green::hub& hub = green::hub::current();
    unsigned expired = 0;
    for (unsigned i = 0; i < times; ++i) hub.call_after(std::chrono::nanoseconds(i % 64), [&] { ++expired; });
    while (expired < times) green::sleep(1ms);
}

void queue_ping_pong(unsigned times) {
    green::queue<unsigned> there(1), back(1);
    auto other = green::spawn([&] {
        for (unsigned i = 0; i < times; ++i) back.put(there.get());
    });
    for (unsigned i = 0; i < times; ++i) {
        there.put(i);
        back.get();
    }
    other.join();
}

void await_yield(unsigned times) {
    auto take_turns = [times]() -> green::coro::task<void> {
        for (unsigned i = 0; i < times; ++i) co_await green::coro::yield();
    };
    auto other = green::coro::spawn(take_turns());
    green::block_on(take_turns());
    green::block_on(other);
}

constexpr bench::path paths[] = {
    {"yield", yield},
    {"spawn and join", spawn_and_join},
    {"park and wake by descriptor, twice", park_for_descriptor},
    {"timer armed and cancelled", arm_and_cancel_timer},
    {"timer expired", expire_timers},
    {"queue put and get, twice", queue_ping_pong},
    {"co_await yield", await_yield},
};

}  // namespace

int main(int count, char** words) {
    return bench::walk(paths, count, words);
}

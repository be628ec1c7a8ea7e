// SPDX-License-Identifier: BSL-1.0
// How often each model asks the heap, and for how much: counted, not timed. A frame that the compiler or the runtime
// spares itself is not counted; a stack, which is not from the heap, neither.
//
//     build/tests/bench/allocations [--json]
//
// Each row is the mean over some thousand operations, after as many that warm what is kept for later.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <green/green.h>

#include "harness.h"

using namespace std::chrono_literals;

namespace {

std::uint64_t allocation_count = 0;
std::uint64_t allocated_bytes = 0;

void* counted(std::size_t size) {
    ++allocation_count;
    allocated_bytes += size;
    if (void* block = std::malloc(size)) return block;
    throw std::bad_alloc();
}
void* counted(std::size_t size, std::align_val_t alignment) {
    ++allocation_count;
    allocated_bytes += size;
    const auto step = static_cast<std::size_t>(alignment);
    if (void* block = std::aligned_alloc(step, (size + step - 1) / step * step)) return block;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return counted(size, alignment); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

namespace {

namespace coro = green::coro;
constexpr int operations = 4000;

struct row {
    const char* name;
    double allocations, bytes;
};

// `often` does that many operations.
template <class Often>
row count(const char* name, Often often) {
    often(operations);
    const std::uint64_t count_before = allocation_count, bytes_before = allocated_bytes;
    often(operations);
    return {name, static_cast<double>(allocation_count - count_before) / operations,
            static_cast<double>(allocated_bytes - bytes_before) / operations};
}

[[gnu::noinline]] int call(int n) {
    bench::keep(n);
    return n + 1;
}
coro::task<int> await(int n) {
    bench::keep(n);
    co_return n + 1;
}
coro::task<void> await_often(int n) {
    for (int i = 0; i < n; ++i) {
        const int result = co_await await(i);
        bench::keep(result);
    }
}
coro::task<void> yield_often(int n) {
    for (int i = 0; i < n; ++i) co_await coro::yield();
}
coro::task<void> sleep_often(int n) {
    for (int i = 0; i < n; ++i) co_await coro::sleep(1us);
}
coro::task<void> start_often(int n) {
    for (int i = 0; i < n; ++i) {
        auto one = coro::spawn(await(i));
        co_await one.join();
    }
}

}  // namespace

int main(int argument_count, char** words) {
    const bool json = argument_count == 2 && std::strcmp(words[1], "--json") == 0;
    if (argument_count > 1 && !json) {
        std::fprintf(stderr, "usage: %s [--json]\n", words[0]);
        return 2;
    }
    const row rows[] = {
        count("plain call", [](int n) { for (int i = 0; i < n; ++i) bench::keep(call(i)); }),
        count("co_await of a task", [](int n) { green::block_on(coro::spawn(await_often(n))); }),
        count("yield of a fiber", [](int n) { for (int i = 0; i < n; ++i) green::yield(); }),
        count("yield of a task", [](int n) { green::block_on(coro::spawn(yield_often(n))); }),
        count("sleep of a fiber", [](int n) { for (int i = 0; i < n; ++i) green::sleep(1us); }),
        count("sleep of a task", [](int n) { green::block_on(coro::spawn(sleep_often(n))); }),
        count("spawn + join of a fiber", [](int n) { for (int i = 0; i < n; ++i) green::spawn(call, i).join(); }),
        count("spawn + join of a task", [](int n) { green::block_on(coro::spawn(start_often(n))); }),
    };
    if (!json) std::printf("%-28s %12s %12s\n", "", "allocations", "bytes");
    for (const row& each : rows)
        std::printf(json ? "{\"name\": \"%s\", \"allocations\": %.2f, \"bytes\": %.1f}\n" : "%-28s %12.2f %12.1f\n",
                    each.name, each.allocations, each.bytes);
}

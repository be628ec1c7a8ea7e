// SPDX-License-Identifier: BSL-1.0
#include <green/context/stack.h>

#include <support/build_variant.h>
#include <support/child.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <vector>

#include <sys/mman.h>

using green::detail::guard_kind;
using green::detail::stack;
using green::detail::stack_pool;

namespace {

constexpr std::size_t kib = 1024;

std::size_t resident_pages(const stack& s) {
    std::vector<unsigned char> resident(s.size_bytes / 4096);
    REQUIRE(mincore(s.bottom, s.size_bytes, resident.data()) == 0);
    return static_cast<std::size_t>(
        std::count_if(resident.begin(), resident.end(), [](unsigned char c) { return c & 1; }));
}

void touch(const stack& s) {
    for (std::size_t at = 0; at < s.size_bytes; at += 4096) s.bottom[at] = std::byte{1};
}

}  // namespace

TEST_CASE("a stack is as large as asked for, in whole pages, and can be used from end to end") {
    stack_pool pool;
    for (std::size_t wanted : {16 * kib, 16 * kib + 1, 100'000ul, 1024 * kib, 300 * 1024 * kib}) {
        stack s = pool.acquire(wanted);
        CHECK(s.size_bytes >= wanted);
        CHECK(s.size_bytes < wanted + 4096);
        CHECK(reinterpret_cast<std::uintptr_t>(s.bottom) % 4096 == 0);
        s.bottom[0] = s.bottom[s.size_bytes - 1] = std::byte{1};
        pool.release(s);
    }
}

TEST_CASE("impossible sizes are refused") {
    stack_pool pool;
    for (std::size_t wanted :
         {std::size_t{0}, 16 * kib - 1, (std::size_t{1} << 30) + 1, std::size_t{1} << 40, SIZE_MAX})
        CHECK_THROWS_AS(pool.acquire(wanted), std::invalid_argument);
    CHECK(pool.in_use_count() == 0);
}

TEST_CASE("stacks do not overlap, and the last one given back is the first one handed out") {
    stack_pool pool;
    std::vector<stack> stacks;
    std::set<std::byte*> bottoms;
    for (int i = 0; i < 1000; ++i) {
        stacks.push_back(pool.acquire(16 * kib));
        bottoms.insert(stacks.back().bottom);
    }
    CHECK(bottoms.size() == 1000);
    CHECK(pool.in_use_count() == 1000);
    for (auto at = bottoms.begin(), next = std::next(at); next != bottoms.end(); ++at, ++next)
        REQUIRE(*next - *at >= static_cast<std::ptrdiff_t>(20 * kib));  // with its guard
    pool.release(stacks[3]);
    pool.release(stacks[7]);
    CHECK(pool.warm_count() == 2);
    CHECK(pool.in_use_count() == 998);
    CHECK(pool.acquire(16 * kib).bottom == stacks[7].bottom);
    CHECK(pool.acquire(16 * kib).bottom == stacks[3].bottom);
    for (auto& each : stacks) pool.release(each);
    CHECK(pool.in_use_count() == 0);
}

TEST_CASE("stacks of several sizes are kept apart") {
    stack_pool pool;
    stack small = pool.acquire(16 * kib), large = pool.acquire(64 * kib);
    pool.release(small);
    pool.release(large);
    CHECK(pool.acquire(64 * kib).bottom == large.bottom);
    CHECK(pool.acquire(16 * kib).bottom == small.bottom);
}

TEST_CASE("trim() gives back the memory of stacks that stayed idle, and of no others") {
    stack_pool pool;
    stack idle = pool.acquire(64 * kib), busy = pool.acquire(64 * kib);
    touch(idle);
    touch(busy);
    pool.release(idle);
    pool.release(busy);
    pool.trim();                                  // the period begins
    pool.release(pool.acquire(64 * kib));         // the last one given back is used again
    CHECK(resident_pages(idle) == 16);
    CHECK(pool.trim() == 1);
    CHECK(resident_pages(idle) == 0);
    CHECK(resident_pages(busy) == 16);
    stack again_busy = pool.acquire(64 * kib), again_idle = pool.acquire(64 * kib);
    CHECK(again_busy.bottom == busy.bottom);
    CHECK(again_idle.bottom == idle.bottom);
    touch(again_idle);
    pool.release(again_idle);
    pool.release(again_busy);
}

namespace {
void write_below(guard_kind kind) {
    stack_pool::use_guards_no_better_than(kind);
    stack_pool pool;
    stack s = pool.acquire(64 * kib);
    std::printf("%d\n", stack_pool::guard_in_use() >= kind);
    std::fflush(stdout);
    touch(s);
    s.bottom[-1] = std::byte{1};
    std::puts("nothing noticed yet");
    std::fflush(stdout);
    s.bottom[0] = s.bottom[1] = std::byte{2};
    pool.release(s);
}
}  // namespace

SCENARIO_IN_CHILD(writes_below_a_marker) {
    write_below(guard_kind::marker);
}
SCENARIO_IN_CHILD(writes_below_a_mapping) {
    write_below(guard_kind::mapping);
}
SCENARIO_IN_CHILD(writes_below_a_canary) {
    write_below(guard_kind::canary);
}

TEST_CASE("each step of the guard ladder notices a write below the stack" * doctest::skip(support::with_sanitizer)) {
    for (const char* scenario : {"writes_below_a_marker", "writes_below_a_mapping"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGSEGV);
        CHECK(end.output == "1\n");
    }
    auto end = support::run_child("writes_below_a_canary");
    CHECK(end.signal == SIGABRT);
    CHECK(end.output.find("nothing noticed yet") != std::string::npos);
    CHECK(end.errors.find("overflowed its stack") != std::string::npos);
}

SCENARIO_IN_CHILD(reuses_canary_stacks) {
    stack_pool::use_guards_no_better_than(guard_kind::canary);
    stack_pool pool;
    for (int round = 0; round < 3; ++round) {
        std::vector<stack> stacks;
        for (int i = 0; i < 200; ++i) stacks.push_back(pool.acquire(16 * kib));
        for (auto& each : stacks) pool.release(each);
        pool.trim();
        pool.trim();  // cold stacks have lost their pattern
    }
    std::puts("fine");
}

TEST_CASE("a stack without a guard page can be used again, also after its memory was given back") {
    auto end = support::run_child("reuses_canary_stacks");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "fine\n");
}

SCENARIO_IN_CHILD(runs_out_of_mappings) {
    stack_pool::use_guards_no_better_than(guard_kind::mapping);
    stack_pool pool;
    std::vector<stack> stacks;
    for (int i = 0; i < 40'000; ++i) stacks.push_back(pool.acquire(16 * kib));
    std::printf("%d\n", stack_pool::guard_in_use() == guard_kind::canary);
    for (auto& each : stacks) pool.release(each);
}

TEST_CASE("when mappings run out the last step is taken, once, and said" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("runs_out_of_mappings");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "1\n");
    const auto said = end.errors.find("no guard page");
    REQUIRE(said != std::string::npos);
    CHECK(end.errors.find("no guard page", said + 1) == std::string::npos);
}

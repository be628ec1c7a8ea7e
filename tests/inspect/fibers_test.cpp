// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/fibers.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>

#include <unistd.h>

using namespace std::chrono_literals;
using green::inspect::backtraces;

namespace {

green::inspect::fiber_info info_of(const std::string& name, backtraces wanted = backtraces::without) {
    auto all = green::inspect::fibers(wanted);
    auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
    REQUIRE(found != all.end());
    return *found;
}

}  // namespace

extern "C" [[gnu::noinline, gnu::used, gnu::visibility("default")]] void a_function_that_sleeps() {
    green::sleep(1h);
    asm volatile("");
}

TEST_CASE_FIXTURE(support::virtual_time, "each fiber is listed with its name, state and what it waits for") {
    auto sleeper = green::spawn({.name = "sleeper"}, [] { green::sleep(3s); });
    auto joiner = green::spawn({.name = "joiner"}, [&] { sleeper.join(); });
    green::yield();
    auto fresh = green::spawn({.name = "fresh"}, [] {});
    auto later = green::spawn_after(90min, [] {});
    CHECK(info_of("main").situation == "running");
    CHECK(info_of("sleeper").situation == "sleep, timer in 3 s");
    CHECK(info_of("sleeper").state == green::fiber_state::parked);
    CHECK(info_of("sleeper").id == sleeper.id());
    CHECK(info_of("joiner").situation == "fiber::join of sleeper");
    CHECK(info_of("fresh").situation == "not started");
    CHECK(info_of(later.name()).situation == "spawn_after, timer in 1.5 h");
    CHECK(green::inspect::fibers(backtraces::without).size() == 5);
    later.kill();
    joiner.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "who waits for a task is told so") {
    namespace coro = green::coro;
    auto nap = []() -> coro::task<void> { co_await coro::sleep(3s); };
    auto sleeper = coro::spawn({.name = "sleeper"}, nap());
    auto wait = [&]() -> coro::task<void> { co_await sleeper.join(); };
    auto joiner = coro::spawn({.name = "joiner"}, wait());
    auto fiber = green::spawn({.name = "fiber"}, [&] { green::block_on(sleeper); });
    auto later = coro::spawn_after(90min, nap());
    green::yield();
    CHECK(info_of("sleeper").situation == "sleep, timer in 3 s");
    CHECK(info_of("joiner").situation == "task_handle::join of sleeper");
    CHECK(info_of("fiber").situation == "task_handle::join of sleeper");
    CHECK(info_of(later.name()).situation == "spawn_after, timer in 1.5 h");
    later.kill_soon();
    joiner.kill_soon();
    fiber.join();
}

TEST_CASE_FIXTURE(support::leak_check, "ready fibers and descriptors are told") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    auto reader = green::spawn({.name = "reader"}, [&] { green::wait_readable(ends[0]); });
    auto ready = green::spawn({.name = "ready"}, [&] { green::yield(); });
    green::yield();
    CHECK(info_of("reader").situation == "wait_readable fd " + std::to_string(ends[0]) + " readable");
    CHECK(info_of("ready").situation == "ready");
    reader.kill();
    ready.join();
    green::close_fd(ends[0]);
    green::close_fd(ends[1]);
}

TEST_CASE_FIXTURE(support::leak_check, "stack use is measured, and the size is what was asked for") {
    auto use = [](std::size_t bytes) {
        return green::spawn({.name = "uses stack", .stack_size_bytes = 128 * 1024}, [bytes] {
            auto* memory = static_cast<volatile char*>(__builtin_alloca(bytes));
            memory[0] = 1;
            green::sleep(1h);
            memory[0] = 2;
        });
    };
    auto small = use(16);
    green::yield();
    const auto little = info_of("uses stack");
    small.kill();
    auto large = use(32 * 1024);
    green::yield();
    const auto much = info_of("uses stack");
    large.kill();
    CHECK(little.stack_size_bytes == 128 * 1024);
    CHECK(little.stack_used_bytes > 0);
    CHECK(much.stack_used_bytes >= little.stack_used_bytes + 31 * 1024);
    CHECK(much.stack_used_bytes < 128 * 1024);
}

TEST_CASE_FIXTURE(support::leak_check, "of a fiber that waits in a greenlet, the greenlet's stack is looked at") {
    auto in_greenlet = green::spawn({.name = "in greenlet"}, [] {
        auto* memory = static_cast<volatile char*>(__builtin_alloca(64 * 1024));
        memory[0] = 1;
        green::greenlet<void()> sleeper({.stack_size_bytes = 32 * 1024}, [] { a_function_that_sleeps(); });
        sleeper.switch_to();
        memory[0] = 2;
    });
    green::yield();
    const auto info = info_of("in greenlet", backtraces::with);
    CHECK(info.stack_size_bytes == 32 * 1024);
    CHECK(info.stack_used_bytes > 0);
    CHECK(info.stack_used_bytes < 32 * 1024);
    REQUIRE(!info.backtrace.empty());
    CHECK(info.backtrace.size() < 20);
    in_greenlet.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "age is the time since it was spawned") {
    auto old = green::spawn({.name = "old"}, [] { green::sleep(1h); });
    green::sleep(30ms);
    CHECK(info_of("old").age >= 10ms);
    CHECK(info_of("old").age < 1min);
    CHECK(info_of("main").age >= info_of("old").age);
    old.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "a suspended fiber's backtrace begins in its code") {
    auto sleeper = green::spawn({.name = "sleeper"}, [] {
        a_function_that_sleeps();
        asm volatile("");
    });
    green::yield();
    const auto frames = info_of("sleeper", backtraces::with).backtrace;
    REQUIRE(!frames.empty());
    CAPTURE(frames.front());
    // The program's functions have no names unless it is linked with -rdynamic; then its file and the offset stand
    // there.
    CHECK((frames.front().find("green::sleep") != std::string::npos ||
           frames.front().find("test-inspect") != std::string::npos));
    for (const std::string& frame : frames) CHECK(frame.find("green::detail::scheduler") == std::string::npos);
    CHECK(frames.size() < 30);
    sleeper.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "small stacks are walked, too, and the fibers go on") {
    std::vector<green::fiber<int>> fibers;
    for (int i = 0; i < 20; ++i)
        fibers.push_back(green::spawn({.stack_size_bytes = 16 * 1024}, [i] {
            green::sleep(1ms);
            return i;
        }));
    green::yield();
    CHECK(green::inspect::fibers().size() == 21);
    for (int i = 0; i < 20; ++i) CHECK(fibers[static_cast<std::size_t>(i)].get() == i);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber may list all, itself and main included, and so may a callback") {
    std::string from_fiber, from_callback;
    auto print = [] {
        std::ostringstream out;
        green::inspect::print_fibers(out);
        return out.str();
    };
    auto lister = green::spawn({.name = "lister"}, [&] { from_fiber = print(); });
    green::hub::current().call_soon([&] { from_callback = print(); });
    lister.join();
    green::yield();
    CHECK(from_fiber.find("2 fibers on the hub of thread ") == 0);
    CHECK(from_fiber.find("\"lister\"") != std::string::npos);
    CHECK(from_fiber.find(": fiber::join of lister") != std::string::npos);
    CHECK(from_callback.find("1 fiber on the hub") == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "only this thread's fibers are listed") {
    auto here = green::spawn({.name = "here"}, [] { green::sleep(1h); });
    green::yield();
    std::size_t count = 0;
    std::thread([&] { count = green::inspect::fibers().size(); }).join();
    CHECK(count == 1);
    here.kill();
}

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/overflow.h>

#include <green/context/stack.h>
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include <unistd.h>

using support::contains;

namespace {

[[gnu::noinline]] int use_stack(int depth) {
    volatile char frame[1024];
    for (volatile char& byte : frame) byte = static_cast<char>(depth);
    return depth == 0 ? frame[0] : use_stack(depth - 1) + frame[0];
}

void overflow() {
    green::spawn({.name = "deep", .stack_size_bytes = 64 * 1024}, [] { std::printf("%d\n", use_stack(1000)); }).join();
}

}  // namespace

SCENARIO_IN_CHILD(overflows_its_stack) {
    overflow();
}
// A frame that begins above the stack's bottom and ends far below it, and is touched there first.
[[gnu::noinline]] int use_large_frame() {
    volatile char frame[300 * 1024];
    volatile int lowest = 0;  // of an array whose used elements it knows, Clang keeps no others
    frame[lowest] = 1;
    return frame[lowest];
}
SCENARIO_IN_CHILD(overflows_by_a_large_frame) {
    green::spawn({.name = "deep"}, [] { use_large_frame(); }).join();
}
SCENARIO_IN_CHILD(overflows_above_a_guard_mapping) {
    green::detail::stack_pool::use_guards_no_better_than(green::detail::guard_kind::mapping);
    overflow();
}
SCENARIO_IN_CHILD(overflows_above_a_canary) {
    green::detail::stack_pool::use_guards_no_better_than(green::detail::guard_kind::canary);
    green::spawn({.name = "below", .stack_size_bytes = 64 * 1024}, [] {});  // so that there is memory to spoil
    green::spawn({.name = "deep", .stack_size_bytes = 64 * 1024}, [] { use_stack(70); }).join();
}
SCENARIO_IN_CHILD(overflows_under_a_long_name) {
    green::spawn({.name = std::string(5000, 'n'), .stack_size_bytes = 64 * 1024}, [] { use_stack(1000); }).join();
}
SCENARIO_IN_CHILD(overflows_without_a_name) {
    green::spawn({.stack_size_bytes = 64 * 1024}, [] {
        std::printf("\"%s\"\n", green::fiber_handle::current().name().c_str());
        std::fflush(stdout);
        std::printf("%d\n", use_stack(1000));
    }).join();
}
SCENARIO_IN_CHILD(overflows_a_greenlets_stack) {
    green::spawn({.name = "holder"}, [] {
        green::greenlet<void()>({.name = "deep", .stack_size_bytes = 32 * 1024}, [] {
            green::yield();
            std::printf("%d\n", use_stack(1000));
        }).switch_to();
    }).join();
}
SCENARIO_IN_CHILD(overflows_its_stack_after_greenlets) {
    green::spawn({.name = "deep", .stack_size_bytes = 64 * 1024}, [] {
        green::greenlet<void()>([] {}).switch_to();
        std::printf("%d\n", use_stack(1000));
    }).join();
}
// Each level is so small that the wait is what does not fit any more.
template <class Wait>
[[gnu::noinline]] int wait_at_each_level(Wait wait, int levels = 1'000'000) {
    volatile char frame[16];
    frame[0] = 1;
    wait();
    return levels == 0 ? 0 : wait_at_each_level(wait, levels - 1) + frame[0];
}
SCENARIO_IN_CHILD(overflows_in_a_yield) {
    green::spawn({.name = "deep", .stack_size_bytes = 64 * 1024}, [] { wait_at_each_level([] { green::yield(); }); });
    for (;;) green::yield();
}
SCENARIO_IN_CHILD(overflows_in_a_sleep) {
    green::spawn({.name = "deep", .stack_size_bytes = 64 * 1024},
                 [] { wait_at_each_level([] { green::sleep(std::chrono::microseconds(1)); }); })
        .join();
}
SCENARIO_IN_CHILD(overflows_in_a_switch) {
    green::spawn({.name = "holder"}, [] {
        green::greenlet<int()> deep({.name = "deep", .stack_size_bytes = 64 * 1024}, [] {
            return wait_at_each_level([] { green::switch_to_parent<void>(1); });
        });
        for (;;) deep.switch_to();
    }).join();
}
SCENARIO_IN_CHILD(reaches_into_anothers_guard) {
    static const char* below = nullptr;
    auto neighbor = green::spawn({.stack_size_bytes = 64 * 1024}, [] {
        below = static_cast<char*>(__builtin_frame_address(0)) - 64 * 1024 - 4096;
        green::sleep(std::chrono::hours(1));
    });
    green::yield();
    green::spawn([] { std::printf("%d\n", *static_cast<const volatile char*>(below)); }).join();
}
SCENARIO_IN_CHILD(crashes_otherwise) {
    green::spawn({.name = "innocent"}, [] { *static_cast<volatile int*>(nullptr) = 1; }).join();
}
SCENARIO_IN_CHILD(has_a_handler_of_its_own) {
    std::signal(SIGSEGV, [](int) {
        (void)!write(STDOUT_FILENO, "my handler\n", 11);
        _exit(3);
    });
    overflow();
}

// What the kernel has for SIGSEGV and for this thread's signals.
static void print_signal_state(const char* when) {
    struct sigaction action {};
    sigaction(SIGSEGV, nullptr, &action);
    stack_t alternate{};
    sigaltstack(nullptr, &alternate);
    std::printf("%s: %s, %s\n", when, action.sa_handler == SIG_DFL ? "default" : "a handler",
                alternate.ss_flags & SS_DISABLE ? "no stack" : "a stack");
}

SCENARIO_IN_CHILD(only_waits_on_main) {
    green::sleep(std::chrono::milliseconds(1));
    print_signal_state("main");
    green::spawn([] {}).join();
    print_signal_state("spawned");
}

SCENARIO_IN_CHILD(threads_with_stacks) {
    for (int i = 0; i < 2; ++i)  // the second takes over the hub of the first, and its stacks
        std::thread([] {
            green::spawn([] { print_signal_state("thread"); }).join();
        }).join();
}

TEST_CASE("signals are not touched before there is a stack to overflow, and then on every thread" *
          doctest::skip(support::with_sanitizer)) {
    CHECK(support::run_child("only_waits_on_main").output == "main: default, no stack\nspawned: a handler, a stack\n");
    CHECK(support::run_child("threads_with_stacks").output == "thread: a handler, a stack\nthread: a handler, a stack\n");
}

TEST_CASE("a stack overflow is reported by name and size, and ends the process by its signal" *
          doctest::skip(support::with_sanitizer)) {
    for (const char* scenario :
         {"overflows_its_stack", "overflows_above_a_guard_mapping", "overflows_its_stack_after_greenlets"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGSEGV);
        CHECK(contains(end.errors, "stack overflow in fiber \"deep\""));
        CHECK(contains(end.errors, "65536 bytes"));
    }
}

TEST_CASE("an overflow by a large array is reported too, where it would reach the stack below" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("overflows_by_a_large_frame");
    CHECK(end.signal == SIGSEGV);
    CHECK(contains(end.errors, "stack overflow in fiber \"deep\""));
}

TEST_CASE("a stack overflow in a fiber with a long name is reported with the beginning of it" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("overflows_under_a_long_name");
    CHECK(end.signal == SIGSEGV);
    CHECK(contains(end.errors, "stack overflow in fiber \"nnnnnnnn"));
    CHECK(contains(end.errors, "65536 bytes"));
    CHECK(end.errors.ends_with("stack_size_bytes\n"));
}

TEST_CASE("a stack overflow in a fiber without a name is reported with its number, once" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("overflows_without_a_name");
    CHECK(end.signal == SIGSEGV);
    const std::string name = end.output.substr(0, end.output.find('\n'));
    CHECK(contains(end.errors, "stack overflow in fiber " + name + ", stack of 65536 bytes; spawn"));
}

TEST_CASE("an overflow of a greenlet's stack is reported with the greenlet and its fiber" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("overflows_a_greenlets_stack");
    CHECK(end.signal == SIGSEGV);
    CHECK(contains(end.errors, "stack overflow in greenlet \"deep\""));
    CHECK(contains(end.errors, "stack of 32768 bytes, of fiber \"holder\""));
}

TEST_CASE("without a guard page an overflow is noticed at the fiber's end" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("overflows_above_a_canary");
    CHECK(end.signal == SIGABRT);
    CHECK(contains(end.errors, "overflowed its stack"));
}

TEST_CASE("an overflow in the middle of a switch is of who was about to wait" * doctest::skip(support::with_sanitizer)) {
    for (const char* scenario : {"overflows_in_a_yield", "overflows_in_a_sleep"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGSEGV);
        CHECK(contains(end.errors, "stack overflow in fiber \"deep\""));
        CHECK(contains(end.errors, "65536 bytes"));
    }
    auto end = support::run_child("overflows_in_a_switch");
    CHECK(end.signal == SIGSEGV);
    CHECK(contains(end.errors, "stack overflow in greenlet \"deep\""));
    CHECK(contains(end.errors, "stack of 65536 bytes, of fiber \"holder\""));
}

TEST_CASE("another crash is not called an overflow" * doctest::skip(support::with_sanitizer)) {
    for (const char* scenario : {"crashes_otherwise", "reaches_into_anothers_guard"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGSEGV);
        CHECK(end.errors == "");
    }
}

TEST_CASE("a program's own handler still gets the signal" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("has_a_handler_of_its_own");
    CHECK(end.exit_status == 3);
    CHECK(end.output == "my handler\n");
    CHECK(contains(end.errors, "stack overflow in fiber \"deep\""));
}

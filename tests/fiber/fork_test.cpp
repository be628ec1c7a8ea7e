// SPDX-License-Identifier: BSL-1.0
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/error_of.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

// What the child of a fork can still do with green; its exit status.
int use_green() {
    int ticks = 0;
    auto ticking = green::spawn([&] {
        for (; ticks < 3; ++ticks) green::sleep(1ms);
    });
    int ends[2];
    if (pipe(ends) != 0) return 1;
    auto reader = green::spawn([&] { return green::wait_readable(ends[0]); });
    green::yield();
    if (write(ends[1], "x", 1) != 1) return 2;
    if (!reader.get()) return 3;
    ticking.join();
    return ticks == 3 ? 0 : 4;
}

void wait_and_print(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) std::puts("no child");
    if (WIFSIGNALED(status)) std::printf("child killed by signal %d\n", WTERMSIG(status));
    else std::printf("child ended with %d\n", WEXITSTATUS(status));
    std::fflush(stdout);  // a later fork must not copy it
}

}  // namespace

SCENARIO_IN_CHILD(fork_in_main) {
    bool parents_fiber_ran = false;
    auto sleeper = green::spawn([&] {
        green::sleep(5ms);
        parents_fiber_ran = true;
    });
    green::yield();
    const pid_t child = fork();
    if (child == 0) {
        const int result = use_green();
        green::sleep(20ms);
        std::_Exit(parents_fiber_ran ? 50 : result);  // only the forking fiber survives
    }
    wait_and_print(child);
    sleeper.join();
    std::puts(parents_fiber_ran ? "parent goes on" : "parent lost its fiber");
}

TEST_CASE("after fork() in main the child has a hub of its own and only the forking fiber") {
    auto end = support::run_child("fork_in_main");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "child ended with 0\nparent goes on\n");
}

SCENARIO_IN_CHILD(fork_without_descriptors_left) {
    const rlimit limit{200, 200};
    setrlimit(RLIMIT_NOFILE, &limit);
    green::sleep(1ms);
    while (dup(0) >= 0) {
    }
    const pid_t child = fork();
    if (child == 0) {
        green::sleep(1ms);
        _exit(7);
    }
    wait_and_print(child);
}

TEST_CASE("the child of a fork takes no more descriptors than its parent had") {
    CHECK(support::run_child("fork_without_descriptors_left").output == "child ended with 7\n");
}

SCENARIO_IN_CHILD(fork_in_a_fiber) {
    auto sleeper = green::spawn([] { green::sleep(5ms); });
    auto forking = green::spawn([] {
        green::yield();
        const pid_t child = fork();
        if (child == 0) std::_Exit(use_green());
        wait_and_print(child);
    });
    forking.join();
    sleeper.join();
    std::puts("parent goes on");
}

// ThreadSanitizer takes the child of a fiber for a thread that it has never seen switch, and reports each switch as a
// race.
TEST_CASE("after fork() in a fiber the child goes on with that fiber" * doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("fork_in_a_fiber");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "child ended with 0\nparent goes on\n");
}

SCENARIO_IN_CHILD(forked_fiber_returns) {
    green::spawn([] {
        const pid_t child = fork();
        if (child != 0) wait_and_print(child);
    }).join();
    std::fflush(stdout);
    std::printf("pid %s\n", "of the parent");
}

TEST_CASE("a forked fiber that returns ends its process, for main is not there" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forked_fiber_returns");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "child ended with 0\npid of the parent\n");
}

SCENARIO_IN_CHILD(forked_fiber_goes_on) {
    bool in_the_child = false;
    green::spawn([&] {
        const pid_t child = fork();
        if (child != 0) return wait_and_print(child);
        in_the_child = true;
        std::atexit([] { std::puts("exit runs"); });
        green::spawn([] {}).join();
        green::spawn([] { green::sleep(1ms); }).join();
        green::sleep(1ms);
        std::puts("child returns");
    }).join();
    if (in_the_child) std::puts("main came back in the child");
}

TEST_CASE("the ends of other fibers leave a forked fiber's process alone; its own runs exit()" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forked_fiber_goes_on");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "child returns\nexit runs\nchild ended with 0\n");
}

SCENARIO_IN_CHILD(child_of_a_child) {
    green::spawn([] {
        const pid_t child = fork();
        if (child != 0) return wait_and_print(child);
        green::spawn([] {
            const pid_t grandchild = fork();
            if (grandchild != 0) return wait_and_print(grandchild);
            green::spawn([] {}).join();
            std::puts("grandchild returns");
        }).join();
        std::puts("child returns");
    }).join();
}

TEST_CASE("in the child of a child the fiber that forked last counts" * doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("child_of_a_child");
    CHECK(end.output == "grandchild returns\nchild ended with 0\nchild returns\nchild ended with 0\n");
}

SCENARIO_IN_CHILD(forked_fiber_throws) {
    green::spawn({.name = "forking"}, [] {
        const pid_t child = fork();
        if (child == 0) throw std::runtime_error("out of paper");
        wait_and_print(child);
    }).join();
}

TEST_CASE("what a forked fiber throws is reported, and its process fails" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forked_fiber_throws");
    CHECK(end.output == "child ended with 1\n");
    CHECK(end.errors.find("green: fiber \"forking\"") != std::string::npos);
    CHECK(end.errors.find("ended with an exception that nobody took: out of paper") != std::string::npos);
}

SCENARIO_IN_CHILD(forked_fiber_is_stuck) {
    green::spawn([] {
        const pid_t child = fork();
        if (child != 0) return wait_and_print(child);
        try {
            green::sleep_until(green::never);
        } catch (const green::would_block_forever&) {
            std::puts("told so");
        }
    }).join();
}

TEST_CASE("a forked fiber that nothing can wake is told so" * doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forked_fiber_is_stuck");
    CHECK(end.output == "told so\nchild ended with 0\n");
}

SCENARIO_IN_CHILD(fork_leaves_fibers_behind) {
    auto sleeper = green::spawn({.name = "sleeper"}, [] { green::sleep(5ms); });
    std::promise<green::hub*> known;
    std::promise<void> may_end;
    std::thread other([&] {
        known.set_value(&green::hub::current());
        may_end.get_future().wait();
    });
    green::hub& theirs = *known.get_future().get();
    green::yield();
    const pid_t child = fork();
    if (child == 0) {
        const auto missing = std::errc::no_such_process;
        const auto waits = [&] { sleeper.get(); };
        const bool all_told = support::error_of(waits) == missing &&
                              support::error_of([&] { green::spawn_on(theirs, [] {}).get(); }) == missing &&
                              !theirs.call_soon([] {});
        sleeper.kill();
        std::_Exit(all_told && use_green() == 0 ? 0 : 60);
    }
    wait_and_print(child);
    sleeper.get();
    may_end.set_value();
    other.join();
    std::puts("parent goes on");
}

TEST_CASE("in the child of a fork the fibers and threads that are not there have ended" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("fork_leaves_fibers_behind");
    CHECK(end.output == "child ended with 0\nparent goes on\n");
}

SCENARIO_IN_CHILD(fibers_of_a_child_are_unwound) {
    green::spawn([] {
        const pid_t child = fork();
        if (child != 0) return wait_and_print(child);
        green::spawn([] {
            struct note {
                ~note() { std::puts("unwound"); }
            } at_the_end;
            green::sleep(1h);
        });
        green::yield();
    }).join();
}

TEST_CASE("a forked fiber that returns has the fibers of its process unwound" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("fibers_of_a_child_are_unwound");
    CHECK(end.output == "unwound\nchild ended with 0\n");
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(fork_without_a_hub) {
    const pid_t child = fork();
    if (child == 0) std::_Exit(use_green());
    wait_and_print(child);
    std::printf("%d\n", use_green());
}

TEST_CASE("fork() before the hub is needed leaves both sides free to use it") {
    auto end = support::run_child("fork_without_a_hub");
    CHECK(end.output == "child ended with 0\n0\n");
}

SCENARIO_IN_CHILD(fork_while_a_descriptor_is_watched) {
    int ends[2];
    if (pipe(ends) != 0) std::exit(3);
    auto reader = green::spawn([&] { return green::wait_readable(ends[0]); });
    green::yield();
    const pid_t child = fork();
    if (child == 0) {
        green::close_fd(ends[0]);  // must not disturb the parent, which shares the open file
        std::_Exit(use_green());
    }
    wait_and_print(child);
    if (write(ends[1], "x", 1) != 1) std::exit(4);
    std::puts(reader.get() ? "parent was woken" : "parent was not woken");
}

TEST_CASE("what the child closes is still watched in the parent") {
    auto end = support::run_child("fork_while_a_descriptor_is_watched");
    CHECK(end.output == "child ended with 0\nparent was woken\n");
}

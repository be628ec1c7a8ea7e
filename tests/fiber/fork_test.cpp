// SPDX-License-Identifier: BSL-1.0
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

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

// ThreadSanitizer takes the child of a fiber for a thread that it has never seen switch, and reports each switch as a race.
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

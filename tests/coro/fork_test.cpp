// SPDX-License-Identifier: BSL-1.0
// A process whose child is made by a task.
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

using support::contains;

using namespace std::chrono_literals;

namespace {

// In the parent: how the child ended. False in the child.
bool fork_and_wait() {
    const pid_t child = fork();
    if (child == 0) return false;
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("child ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    std::fflush(stdout);
    return true;
}

}  // namespace

SCENARIO_IN_CHILD(task_forks) {
    green::block_on(green::coro::spawn([]() -> green::coro::task<> {
        if (fork_and_wait()) co_return;
        co_await green::coro::spawn([]() -> green::coro::task<> { co_await green::coro::sleep(1ms); }).join();
        green::spawn([] { std::puts("a fiber runs"); });
        co_await green::coro::sleep(1ms);
        std::puts("child returns");
    }));
    std::puts("parent goes on");
}

// ThreadSanitizer takes the child of a fiber, or of the hub's own context, for a thread that it has never seen switch.
// LeakSanitizer, at the end of a process on the hub's own context, does not look at the main fiber's stack, which alone
// names the frames that the parent's main fiber awaits.
TEST_CASE("a task that forks goes on in the child, and its end is that of the process" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("task_forks");
    CHECK(end.output == "a fiber runs\nchild returns\nchild ended with 0\nparent goes on\n");
}

SCENARIO_IN_CHILD(forked_task_throws) {
    green::block_on(green::coro::spawn({.name = "forking"}, []() -> green::coro::task<> {
        if (!fork_and_wait()) throw std::runtime_error("out of paper");
        co_return;
    }));
}

TEST_CASE("what a forked task throws is reported, and its process fails" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forked_task_throws");
    CHECK(end.output == "child ended with 1\n");
    CHECK(contains(end.errors, "task \"forking\" of scenario_forked_task_throws()::"));
    CHECK(contains(end.errors, " ended with an exception that nobody took: out of paper"));
}

// SPDX-License-Identifier: BSL-1.0
// pthread_exit(3) and pthread_cancel(3) unwind a stack by what is no C++ exception.
#include <green/base/caught.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <semaphore>
#include <thread>

#include <pthread.h>
#include <unistd.h>

using namespace std::chrono_literals;
using support::contains;
namespace coro = green::coro;

namespace {

struct says_when_unwound {
    const char* who;
    ~says_when_unwound() { std::printf("%s unwound\n", who); }
};

// Not known to the compiler to return never, which would warn of what follows.
void end_thread() {
    const says_when_unwound here{"caller"};
    pthread_exit(nullptr);
}

coro::task<void> end_thread_in_a_task() {
    co_await coro::yield();
    end_thread();
}

void check_refused(const support::child_end& end, const char* who) {
    CHECK(end.signal == SIGABRT);
    CHECK(contains(end.errors, "green: pthread_exit() or pthread_cancel() in a fiber, greenlet or task"));
    CHECK(contains(end.errors, who));
}

}  // namespace

SCENARIO_IN_CHILD(fiber_ends_thread) {
    green::spawn({.name = "careless"}, end_thread).join();
}
SCENARIO_IN_CHILD(greenlet_ends_thread) {
    green::greenlet<void(int)>([](int) { end_thread(); }).switch_to(1);
}
SCENARIO_IN_CHILD(task_ends_thread) {
    green::block_on(coro::spawn({.name = "careless"}, end_thread_in_a_task()));
}
SCENARIO_IN_CHILD(fiber_is_running_when_its_thread_is_cancelled) {
    std::binary_semaphore runs(0);
    std::thread busy([&] {
        green::spawn({.name = "careless"}, [&] {
            runs.release();
            for (;;) ::pause();
        }).join();
    });
    runs.acquire();
    pthread_cancel(busy.native_handle());
    busy.join();
}

TEST_CASE("who ends the thread elsewhere than in its main fiber is told so, and aborts") {
    for (const char* scenario :
         {"fiber_ends_thread", "task_ends_thread", "fiber_is_running_when_its_thread_is_cancelled"}) {
        CAPTURE(std::string(scenario));
        check_refused(support::run_child(scenario), "careless");
    }
    check_refused(support::run_child("greenlet_ends_thread"), "fiber main");
}

SCENARIO_IN_CHILD(main_fiber_ends_thread) {
    std::thread([] {
        const says_when_unwound here{"main fiber"};
        green::spawn([] {
            const says_when_unwound there{"other fiber"};
            green::sleep(1h);
        });
        green::yield();
        end_thread();
    }).join();
    std::puts("joined");
}

TEST_CASE("pthread_exit in the main fiber of a thread ends it, with its fibers") {
    auto end = support::run_child("main_fiber_ends_thread");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "caller unwound\nmain fiber unwound\nother fiber unwound\njoined\n");
    CHECK(end.errors == "");
}

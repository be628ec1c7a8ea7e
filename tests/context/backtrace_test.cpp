// SPDX-License-Identifier: BSL-1.0
// Unwinders see a fiber's frames, and stop at its first one.
#include <green/context/context.h>

#include <green/fiber/scheduler.h>
#include <green/green.h>

#include <support/child.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include <execinfo.h>
#include <unwind.h>

using namespace std::chrono_literals;

namespace {

struct frames {
    void* addresses[64];
    int count = 0;
    bool ended_cleanly = false;
};

void take_frames(void* into) {
    auto& f = *static_cast<frames*>(into);
    f.count = backtrace(f.addresses, 64);
    f.ended_cleanly = _Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_NO_REASON; }, nullptr) ==
                      _URC_END_OF_STACK;
}

[[gnu::noinline]] int frames_below(int depth) {
    if (depth == 0) {
        frames here;
        take_frames(&here);
        CHECK(here.ended_cleanly);
        return here.count;
    }
    return frames_below(depth - 1) + [] {
        asm volatile("");  // no tail call
        return 0;
    }();
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a backtrace inside a fiber ends at the fiber's first frame") {
    const int shallow = green::spawn([] { return frames_below(1); }).get();
    const int deep = green::spawn([] { return frames_below(11); }).get();
    CHECK(shallow >= 2);
    CHECK(shallow < 25);
    CHECK(deep >= shallow);
    CHECK(deep < 40);
}

TEST_CASE_FIXTURE(support::leak_check, "a suspended fiber can be visited: its own frames are seen, and it goes on") {
    auto suspended = green::spawn([] {
        green::sleep(1ms);
        return 42;
    });
    green::yield();
    frames seen;
    green::detail::scheduler::current().visit(*suspended.get_control(), &take_frames, &seen);
    CHECK(seen.ended_cleanly);
    CHECK(seen.count >= 3);
    CHECK(seen.count < 30);
    green::detail::scheduler::current().visit(*suspended.get_control(), &take_frames, &seen);
    CHECK(suspended.get() == 42);
}

TEST_CASE_FIXTURE(support::leak_check, "exceptions pass through a fiber whose frames were visited") {
    auto suspended = green::spawn([]() -> int {
        green::yield();
        green::sleep(1h);
        return 0;
    });
    green::yield();
    green::yield();
    frames seen;
    green::detail::scheduler::current().visit(*suspended.get_control(), &take_frames, &seen);
    suspended.kill();
    CHECK(suspended.was_killed());
}

// For gdb_backtrace_test.sh.
extern "C" [[gnu::noinline, gnu::used]] void stop_here_in_a_fiber() {
    asm volatile("" ::: "memory");
}
SCENARIO_IN_CHILD(stops_in_a_fiber) {
    green::spawn([] {
        stop_here_in_a_fiber();
        asm volatile("");
    }).join();
}

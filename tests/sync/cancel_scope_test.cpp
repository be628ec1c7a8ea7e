// SPDX-License-Identifier: BSL-1.0
#include <green/sync/cancel_scope.h>

#include <support/fixture.h>
#include <support/waits.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/event.h>
#include <green/sync/semaphore.h>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "cancelling a scope ends a wait inside it, and only there") {
    green::semaphore never(0);
    green::cancel_scope* reachable = nullptr;
    bool went_on_inside = false, went_on_after = false;
    auto f = green::spawn([&] {
        const bool completed = green::with_cancel_scope([&](green::cancel_scope& scope) {
            reachable = &scope;
            never.acquire();
            went_on_inside = true;
        });
        CHECK(!completed);
        green::yield();
        went_on_after = true;
    });
    green::yield();
    reachable->cancel();
    f.join();
    CHECK(!went_on_inside);
    CHECK(went_on_after);
    never.release();
    CHECK(never.available() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "every further wait in a cancelled scope fails until it is left") {
    int failures = 0;
    green::event set;
    set.set();
    {
        green::cancel_scope scope;
        scope.cancel();
        for (int i = 0; i < 3; ++i) {
            try {
                set.wait();
            } catch (const green::cancelled& request) {
                CHECK(scope.owns(request));
                ++failures;
            }
        }
        CHECK(scope.is_cancelled());
    }
    CHECK(failures == 3);
    set.wait();
}

TEST_CASE_FIXTURE(support::virtual_time, "an inner scope does not absorb the cancellation of an outer one") {
    bool inner_completed = true, outer_completed = true;
    outer_completed = green::with_cancel_scope([&](green::cancel_scope& outer) {
        inner_completed = green::with_cancel_scope([&](green::cancel_scope&) {
            outer.cancel();
            green::yield();
        });
        FAIL("the inner scope returned");
    });
    CHECK(inner_completed);  // never assigned
    CHECK(!outer_completed);
}

TEST_CASE_FIXTURE(support::virtual_time, "when both are cancelled the outer scope wins, in either order") {
    for (bool outer_first : {true, false}) {
        const bool completed = green::with_cancel_scope([&](green::cancel_scope& outer) {
            green::with_cancel_scope([&](green::cancel_scope& inner) {
                if (outer_first) outer.cancel();
                inner.cancel();
                outer.cancel();
                green::yield();
            });
            FAIL("the inner scope returned");
        });
        CHECK(!completed);
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "a shield keeps cancellation out until it is left") {
    int steps = 0;
    const bool completed = green::with_cancel_scope([&](green::cancel_scope& scope) {
        scope.cancel();
        green::shield([&] {
            green::yield();
            green::sleep(1ms);
            ++steps;
        });
        green::yield();
        ++steps;
    });
    CHECK(!completed);
    CHECK(steps == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a shield keeps a kill out until it is left") {
    bool finished_last_steps = false, went_on = false;
    green::event go;
    auto f = green::spawn([&] {
        green::shield([&] {
            go.wait();
            finished_last_steps = true;
        });
        green::yield();
        went_on = true;
    });
    green::yield();
    f.kill_soon();
    green::yield();
    CHECK(!f.ended());
    go.set();
    f.join();
    CHECK(finished_last_steps);
    CHECK(!went_on);
    CHECK(f.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time, "shield returns what its function returns") {
    CHECK(green::shield([] { return 7; }) == 7);
}

TEST_CASE_FIXTURE(support::virtual_time, "a scope's deadline cancels it") {
    green::semaphore never(0);
    const bool completed = green::with_cancel_scope(
        {.deadline = green::clock::now() + 1ms}, [&](green::cancel_scope& scope) {
            CHECK(scope.deadline() < green::never);
            never.acquire();
        });
    CHECK(!completed);
}

TEST_CASE_FIXTURE(support::virtual_time, "a scope inside a shield still cancels what is inside it") {
    const bool completed = green::shield([] {
        return green::with_cancel_scope([](green::cancel_scope& scope) {
            scope.cancel();
            green::yield();
        });
    });
    CHECK(!completed);
}

TEST_CASE_FIXTURE(support::virtual_time, "waits of destructors that unwind a cancelled scope run to their end") {
    bool cleaned_up = false;
    green::with_cancel_scope([&](green::cancel_scope& scope) {
        struct cleanup {
            bool& done;
            ~cleanup() {
                green::sleep(1ms);
                done = true;
            }
        } guard{cleaned_up};
        scope.cancel();
        green::yield();
    });
    CHECK(cleaned_up);
}

TEST_CASE_FIXTURE(support::virtual_time, "a waiter chosen before its scope is cancelled keeps what it was given") {
    green::semaphore s(0);
    bool got = false;
    green::cancel_scope* reachable = nullptr;
    auto f = green::spawn([&] {
        green::with_cancel_scope([&](green::cancel_scope& scope) {
            reachable = &scope;
            s.acquire();
            got = true;
            green::yield();
            FAIL("not cancelled at the next wait");
        });
    });
    green::yield();
    s.release();
    reachable->cancel();
    f.join();
    CHECK(got);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "in a cancelled scope a wait of any kind fails, also for what is at hand, and takes nothing") {
    support::all_to_be_had world;
    for (const auto& each : world.calls()) {
        CAPTURE(each.name);
        CHECK(!green::with_cancel_scope([&](green::cancel_scope& scope) {
            scope.cancel();
            each.call();
        }));
    }
    CHECK(world.traces() == "");
}

TEST_CASE_FIXTURE(support::virtual_time, "cancelling a scope ends a wait of any kind inside it, with no trace") {
    support::nothing_to_be_had world;
    for (const auto& each : world.calls()) {
        CAPTURE(each.name);
        CHECK(!green::with_cancel_scope([&](green::cancel_scope& scope) {
            auto canceller = green::spawn([&] { scope.cancel(); });
            each.call();
        }));
    }
    CHECK(world.traces() == "");
}

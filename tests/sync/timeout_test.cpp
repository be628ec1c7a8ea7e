// SPDX-License-Identifier: BSL-1.0
#include <green/sync/timeout.h>

#include <support/fixture.h>
#include <support/waits.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/hub/hub.h>
#include <green/sync/event.h>
#include <green/sync/semaphore.h>
#include <green/sync/task_group.h>

#include <memory>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "with_timeout returns what its function returns in time") {
    CHECK(green::with_timeout(1s, [] { return 42; }) == 42);
    CHECK(green::with_timeout(1s, [] {}));
    auto owned = green::with_timeout(1s, [] { return std::make_unique<int>(3); });
    CHECK(**owned == 3);
}

TEST_CASE_FIXTURE(support::virtual_time, "with_timeout returns nothing when its time is up") {
    green::semaphore none(0);
    CHECK(!green::with_timeout(1ms, [&] { none.acquire(); }));
    CHECK(!green::with_timeout(1ms, [&] { return none.acquire(), 1; }));
    none.release();
    CHECK(none.available() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "with_timeout lets errors through") {
    CHECK_THROWS_AS(green::with_timeout(1s, [] { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout passes through an inner one") {
    green::event nothing;
    bool inner_returned = false;
    const bool outer_in_time = green::with_timeout(1ms, [&] {
        green::with_timeout(10s, [&] { nothing.wait(); });
        inner_returned = true;
    });
    CHECK(!outer_in_time);
    CHECK(!inner_returned);
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout stays armed when an inner one fires") {
    green::event nothing;
    bool inner_in_time = true;
    const bool outer_in_time = green::with_timeout(4ms, [&] {
        inner_in_time = green::with_timeout(1ms, [&] { nothing.wait(); });
        nothing.wait();
    });
    CHECK(!inner_in_time);
    CHECK(!outer_in_time);
}

TEST_CASE_FIXTURE(support::virtual_time, "of two equal deadlines the outer one wins") {
    const auto options = green::timeout::at(green::clock::now() + 1ms);
    green::timeout outer(options);
    try {
        green::timeout inner(options);
        try {
            green::sleep(10s);
        } catch (const green::cancelled& request) {
            CHECK(!inner.owns(request));
            CHECK(!inner.expired());
            throw;
        }
    } catch (const green::cancelled& request) {
        CHECK(outer.owns(request));
        CHECK(outer.expired());
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout without a duration never fires") {
    green::timeout t(std::nullopt);
    CHECK(t.deadline() == green::never);
    CHECK(green::with_timeout(std::nullopt, [] { green::sleep(1ms); }));
    CHECK(green::with_timeout(green::duration::max(), [] { green::sleep(1ms); }));
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout of zero fires at the next pass") {
    green::event nothing;
    bool others_ran = false;
    auto other = green::spawn([&] { others_ran = true; });
    CHECK(!green::with_timeout(0ns, [&] { nothing.wait(); }));
    CHECK(others_ran);
    CHECK(!green::with_timeout(-1s, [&] { nothing.wait(); }));
    CHECK(green::with_timeout(0ns, [] {}));
    other.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout armed after computing is not short by the time computed") {
    clock.advance(100ms);
    CHECK(!green::with_timeout(150ms, [] { green::sleep(1s); }));
    CHECK(clock.elapsed() == 250ms);
}

TEST_CASE_FIXTURE(support::virtual_time, "what is ready in time is taken although the deadline has passed meanwhile") {
    green::event set;
    set.set();
    CHECK(green::with_timeout(1ms, [&] {
        clock.advance(2ms);
        set.wait();
    }));
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout ends a loop that yields and never waits") {
    int rounds = 1;
    CHECK(!green::with_timeout(1s, [&] {
        for (;; ++rounds) clock.advance(100ms), green::yield();
    }));
    CHECK(rounds == 10);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout ends a loop of waits that never have to wait") {
    green::semaphore s(1);
    CHECK(!green::with_timeout(1s, [&] {
        for (;;) {
            clock.advance(1ms);
            s.acquire();
            s.release();
        }
    }));
    CHECK(s.available() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout ends all waits inside it, also those with the same deadline") {
    int cut_short = 0;
    green::fiber<void> children[3];
    CHECK(!green::with_timeout(1s, [&] {
        green::with_task_group([&](green::task_group& group) {
            for (auto& child : children)
                child = group.spawn([&] {
                    try {
                        green::sleep(1h);
                        FAIL("the sleep returned");
                    } catch (const green::cancelled&) {
                        ++cut_short;
                        throw;
                    }
                });
        });
    }));
    CHECK(cut_short == 3);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber that swallows the cancellation of a timeout gets it again") {
    int caught = 0;
    CHECK(!green::with_timeout(1ms, [&] {
        try {
            green::sleep(1s);
        } catch (const green::cancelled&) {
            ++caught;
        }
        green::sleep(1s);
    }));
    CHECK(caught == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a kill is not absorbed by a timeout that is due") {
    bool went_on = false;
    auto f = green::spawn([&] {
        green::with_timeout(1h, [] { green::sleep(10s); });
        went_on = true;
    });
    green::yield();
    f.kill();
    CHECK(!went_on);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "the time a call is given counts within an outer timeout, which is not swallowed") {
    green::semaphore none(0);
    CHECK(!green::with_timeout(2ms, [&] { none.try_acquire_for(10s); }));
    CHECK(clock.elapsed() == 2ms);
}

TEST_CASE_FIXTURE(support::virtual_time, "a wait that is served as its time runs out is the last in its scope") {
    green::event opened;
    green::semaphore plenty(10);
    bool served = false, went_on = false;
    green::hub::current().call_after(10ms, [&] { opened.set(); });  // fires before the timeout, in the same pass
    CHECK(!green::with_timeout(10ms, [&] {
        opened.wait();
        served = true;
        plenty.acquire();  // would not have to wait
        went_on = true;
    }));
    CHECK(served);
    CHECK(!went_on);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "every call with a time limit keeps it, and takes no other timeout for its own") {
    support::nothing_to_be_had world;
    for (const auto& each : world.timed_calls()) {
        CAPTURE(each.name);
        const auto start = clock.elapsed();
        CHECK(!each.call(1s));
        CHECK(clock.elapsed() - start == 1s);
        CHECK(!green::with_timeout(1s, [&] { each.call(1h); }));
        CHECK(clock.elapsed() - start == 2s);
        CHECK(green::with_timeout(1h, [&] { CHECK(!each.call(1s)); }));
        CHECK(clock.elapsed() - start == 3s);
        CHECK(!each.call(0s));
        CHECK(!each.call(-1s));
        CHECK(clock.elapsed() - start == 3s);
    }
    CHECK(world.traces() == "");
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout ends a wait of any kind") {
    support::nothing_to_be_had world;
    for (const auto& each : world.calls()) {
        CAPTURE(each.name);
        const auto start = clock.elapsed();
        CHECK(!green::with_timeout(1s, [&] { each.call(); }));
        CHECK(clock.elapsed() - start == 1s);
    }
    CHECK(world.traces() == "");
}

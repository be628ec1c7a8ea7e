// SPDX-License-Identifier: BSL-1.0
#include <green/sync/event.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/hub/hub.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "an event wakes all who wait, even when it is cleared at once") {
    green::event e;
    int woken = 0;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 3; ++i) fibers.push_back(green::spawn([&] { e.wait(), ++woken; }));
    green::yield();
    CHECK(woken == 0);

    e.set();
    e.clear();
    for (auto& f : fibers) f.join();

    CHECK(woken == 3);
    CHECK(!e.is_set());
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting for an event that is set does not wait") {
    green::event e;
    e.set();
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    e.wait();
    CHECK(!other_ran);
    other.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting for an event gives up at its timeout, and a later set finds nobody") {
    green::event e;
    CHECK(!e.wait_for(1ms));
    CHECK(!e.wait_until(green::clock::now()));
    e.set();
    CHECK(e.wait_for(0ns));
}

TEST_CASE_FIXTURE(support::virtual_time, "an event that is set after the timeout of one waiter wakes the other") {
    green::event e;
    auto impatient = green::spawn([&] { return e.wait_for(1ms); });
    auto patient = green::spawn([&] { return e.wait_for(10s); });
    impatient.join();
    e.set();
    CHECK(!impatient.get());
    CHECK(patient.get());
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed while waiting for an event leaves it") {
    green::event e;
    bool went_on = false;
    auto f = green::spawn([&] { e.wait(), went_on = true; });
    green::yield();
    f.kill();
    e.set();
    CHECK(!went_on);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a fiber that an event has woken goes on although it is killed before it runs") {
    green::event e;
    bool went_on = false, died_later = true;
    auto f = green::spawn([&] {
        e.wait();
        went_on = true;
        green::yield();
        died_later = false;
    });
    green::yield();
    e.set();
    f.kill();
    CHECK(went_on);
    CHECK(died_later);
}

TEST_CASE_FIXTURE(support::leak_check, "a thread without a hub sets an event and gets no hub by it") {
    green::event e;
    bool got_hub = true;
    std::thread setter([&] {
        e.set();
        got_hub = green::hub::current_or_null() != nullptr;
    });
    e.wait();
    setter.join();
    CHECK(!got_hub);
}

TEST_CASE_FIXTURE(support::leak_check, "a plain thread waits for an event that a fiber sets") {
    green::event asked, answered;
    std::thread native([&] {
        asked.wait();
        answered.set();
    });
    auto f = green::spawn([&] {
        asked.set();
        answered.wait();
        return 1;
    });
    CHECK(f.get() == 1);
    native.join();
}

TEST_CASE_FIXTURE(support::leak_check, "an event keeps no wake for a timeout that races with it") {
    // A setter on another thread against timeouts of about the same length: every outcome is consistent.
    for (int round = 0; round < 50; ++round) {
        green::event e;
        std::thread setter([&] { e.set(); });
        const bool seen = e.wait_for(std::chrono::microseconds(round));
        setter.join();
        if (seen) CHECK(e.is_set());
        CHECK(e.wait_for(1s));
    }
}

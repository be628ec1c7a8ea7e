// SPDX-License-Identifier: BSL-1.0
#include <green/testing/virtual_clock.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "a day passes at once, and exactly") {
    const auto began = green::clock::now();
    {
        green::testing::virtual_clock clock;
        green::sleep(24h);
        CHECK(clock.elapsed() == 24h);
    }
    CHECK(green::clock::now() - began < 10s);
}

TEST_CASE_FIXTURE(support::leak_check, "virtual time stands still while a fiber can run") {
    green::testing::virtual_clock clock;
    bool woken = false;
    auto sleeper = green::spawn([&] {
        green::sleep(1ns);
        woken = true;
    });
    for (int i = 0; i < 10'000; ++i) green::yield();
    CHECK(clock.elapsed() <= 1ns);
    sleeper.join();
    CHECK(woken);
    CHECK(clock.elapsed() == 1ns);
}

TEST_CASE_FIXTURE(support::leak_check, "fibers wake in the order of their deadlines, each at its own") {
    green::testing::virtual_clock clock;
    std::string order;
    auto sleep_then_note = [&](green::duration d, char name) {
        return green::spawn([&, d, name] {
            green::sleep(d);
            CHECK(clock.elapsed() == d);
            order += name;
        });
    };
    auto c = sleep_then_note(3h, 'c'), a = sleep_then_note(1h, 'a'), b = sleep_then_note(2h, 'b');
    c.join();
    CHECK(order == "abc");
}

TEST_CASE_FIXTURE(support::leak_check, "advance() is seen as time spent computing") {
    green::testing::virtual_clock clock;
    auto computing = green::spawn([&] { clock.advance(10s); });
    auto sleeper = green::spawn([&] {
        green::sleep(3s);
        CHECK(clock.elapsed() == 13s);  // its three seconds begin after the other one's ten
    });
    sleeper.join();
}

TEST_CASE_FIXTURE(support::leak_check, "what another thread or a descriptor brings comes before a jump") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    green::testing::virtual_clock clock;
    auto reader = green::spawn([&] { green::wait_readable(ends[0]); });
    green::yield();
    REQUIRE(write(ends[1], "x", 1) == 1);
    green::sleep(1h);
    CHECK(reader.ended());
    green::close_fd(ends[0]);
    green::close_fd(ends[1]);
}

TEST_CASE_FIXTURE(support::leak_check, "the kernel's time is back when the clock is gone") {
    { green::testing::virtual_clock clock; green::sleep(1000h); }
    const auto began = green::clock::now();
    green::sleep(1ms);
    const auto slept = green::clock::now() - began;
    CHECK(slept >= 1ms);
    CHECK(slept < 10s);
}

TEST_CASE("a thread's hub gets a clock of its own") {
    green::testing::virtual_clock here;
    std::thread([] {
        green::testing::virtual_clock there;
        green::sleep(5h);
        CHECK(there.elapsed() == 5h);
    }).join();
    CHECK(here.elapsed() == 0s);
}

TEST_CASE_FIXTURE(support::leak_check, "a second virtual clock on a hub is refused, and the first goes on") {
    green::testing::virtual_clock clock;
    CHECK_THROWS_AS(green::testing::virtual_clock(), std::logic_error);
    green::sleep(24h);
    CHECK(clock.elapsed() == 24h);
}

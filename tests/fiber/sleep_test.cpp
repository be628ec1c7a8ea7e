// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/sleep.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "sleep lasts as long as it is told to, whatever the unit") {
    green::sleep(1500us);
    CHECK(clock.elapsed() == 1500us);
    green::sleep(std::chrono::duration<double>(0.25));
    CHECK(clock.elapsed() == 251500us);
    green::sleep_until(clock.now() + 1h);
    CHECK(clock.elapsed() == 1h + 251500us);
}

TEST_CASE_FIXTURE(support::virtual_time, "sleeping for nothing or less goes behind all that is ready") {
    std::string order;
    auto one = green::spawn([&] {
        order += 'a';
        green::sleep(0s);
        order += 'c';
    });
    auto other = green::spawn([&] {
        order += 'b';
        green::sleep(-1s);
        order += 'd';
    });
    one.join();
    other.join();
    CHECK(order == "abcd");
    CHECK(clock.elapsed() == 0s);
}

TEST_CASE_FIXTURE(support::virtual_time, "sleepers with one deadline wake in the order in which they went to sleep") {
    std::string order;
    std::vector<green::fiber<void>> fibers;
    for (char name : std::string("abc"))
        fibers.push_back(green::spawn([&order, name, until = clock.now() + 1s] {
            green::sleep_until(until);
            order += name;
        }));
    for (auto& each : fibers) each.join();
    CHECK(order == "abc");
}

TEST_CASE_FIXTURE(support::virtual_time, "sleeping until the past does not wait, and for ever ends by a kill") {
    green::sleep_until(clock.now() - 1s);
    CHECK(clock.elapsed() == 0s);
    auto for_ever = green::spawn([] { green::sleep(std::chrono::hours::max()); });
    auto never = green::spawn([] { green::sleep_until(green::never); });
    green::yield();
    for_ever.kill();
    never.kill();
    CHECK(clock.elapsed() == 0s);
}

TEST_CASE_FIXTURE(support::leak_check, "a real sleep is never early") {
    for (auto d : {green::duration(1us), green::duration(300us), green::duration(2ms)}) {
        const auto began = green::clock::now();
        green::sleep(d);
        CHECK(green::clock::now() - began >= d);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "yield lets each ready fiber run once") {
    std::string order;
    auto three_turns = [&](char name) {
        return green::spawn([&order, name] {
            for (int i = 0; i < 3; ++i) {
                order += name;
                green::yield();
            }
        });
    };
    auto a = three_turns('a'), b = three_turns('b');
    a.join();
    b.join();
    CHECK(order == "ababab");
}

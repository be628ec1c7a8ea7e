// SPDX-License-Identifier: BSL-1.0
#include <green/sync/group.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/sync/event.h>

#include <optional>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "joining a group waits for all its members") {
    green::group g;
    CHECK(g.empty());
    g.join();
    int ended = 0;
    for (int i = 1; i <= 3; ++i) g.spawn([&, i] { green::sleep(i * 1s), ++ended; });
    g.add(green::spawn([&] { green::sleep(5s), ++ended; }));
    CHECK(g.size() == 4);
    CHECK(!g.join_for(2500ms));
    CHECK(ended == 2);
    CHECK(g.size() == 2);
    g.join();
    CHECK(ended == 4);
    CHECK(clock.elapsed() == 5s);
}

TEST_CASE_FIXTURE(support::virtual_time, "killing a group ends its members, and those unstarted never run") {
    green::group g;
    int unwound = 0;
    bool ran = false;
    for (int i = 0; i < 2; ++i)
        g.spawn([&] {
            struct note {
                int& unwound;
                ~note() {
                    green::yield();
                    ++unwound;
                }
            } n{unwound};
            green::sleep(1h);
        });
    green::yield();
    g.spawn([&] { ran = true; });
    g.kill();
    CHECK(g.empty());
    CHECK(unwound == 2);
    CHECK(!ran);
}

TEST_CASE_FIXTURE(support::leak_check, "who has put a fiber of another thread into a group may end before it does") {
    green::group g;
    green::event may_end;
    auto member = green::spawn([&] { may_end.wait(); });
    std::thread([&] { g.add(member); }).join();
    CHECK(g.size() == 1);
    may_end.set();
    CHECK(g.join_for(10s));
    std::thread([&] { g.add(member); }).join();  // ended by now
    CHECK(g.empty());
}

TEST_CASE_FIXTURE(support::virtual_time, "a member may kill its group and is the last") {
    green::group g;
    bool survived = false;
    auto sibling = g.spawn([] { green::sleep(1h); });
    auto killer = g.spawn([&] {
        g.kill();
        survived = true;
    });
    g.join();
    CHECK(!survived);
    CHECK(sibling.was_killed());
    auto other = g.spawn([] { green::sleep(1h); });
    g.spawn([&] { g.kill_soon(); });
    g.join();
    CHECK(other.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time, "a member's error stays with its handle") {
    green::group g;
    auto f = g.spawn([] { throw std::runtime_error("mine"); });
    g.join();
    CHECK_THROWS_AS(f.get(), std::runtime_error);
}

TEST_CASE_FIXTURE(support::virtual_time, "members run on when their group goes") {
    std::optional<green::group> g(std::in_place);
    auto f = g->spawn([] {
        green::sleep(1s);
        return 1;
    });
    g.reset();
    CHECK(f.get() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a group holds fibers of several threads") {
    green::group g;
    green::event joined;
    std::thread other([&] {
        g.spawn([] { green::sleep(1ms); });
        joined.wait();
    });
    g.spawn([] { green::sleep(2ms); });
    g.join();
    CHECK(g.empty());
    joined.set();
    other.join();
}

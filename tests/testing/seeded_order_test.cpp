// SPDX-License-Identifier: BSL-1.0
#include <green/testing/seeded_order.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// In which order five fibers, each with three turns, get them.
std::string order_of_turns() {
    std::string order;
    std::vector<green::fiber<void>> fibers;
    for (char name = 'a'; name <= 'e'; ++name)
        fibers.push_back(green::spawn([&order, name] {
            for (int turn = 0; turn < 3; ++turn) {
                order += name;
                green::yield();
            }
        }));
    for (auto& each : fibers) each.join();
    return order;
}

std::string order_of_turns(std::uint64_t seed) {
    green::testing::seeded_order order(seed);
    return order_of_turns();
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "without a seeded order the turns go round") {
    CHECK(order_of_turns() == "abcdeabcdeabcde");
}

TEST_CASE_FIXTURE(support::leak_check, "the same seed gives the same order again") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) CHECK(order_of_turns(seed) == order_of_turns(seed));
}

TEST_CASE_FIXTURE(support::leak_check, "different seeds give different orders") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) seen.insert(order_of_turns(seed));
    CHECK(seen.size() > 40);
}

TEST_CASE_FIXTURE(support::leak_check, "every fiber may be the first one to run") {
    std::set<char> first;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) first.insert(order_of_turns(seed).front());
    CHECK(first == std::set<char>{'a', 'b', 'c', 'd', 'e'});
}

TEST_CASE_FIXTURE(support::leak_check, "an order that goes leaves the hub as it was") {
    order_of_turns(7);
    CHECK(order_of_turns() == "abcdeabcdeabcde");
}

TEST_CASE_FIXTURE(support::leak_check, "a race between two fibers is found") {
    int lost_updates = 0;
    for (std::uint64_t round = 0; round < 100; ++round) {
        green::testing::seeded_order order(green::testing::seed() + round);
        int counter = 0;
        auto add_one = [&] {
            int seen = counter;
            green::yield();
            counter = seen + 1;
        };
        auto one = green::spawn(add_one), other = green::spawn(add_one);
        one.join();
        other.join();
        lost_updates += counter != 2;
    }
    CHECK(lost_updates > 0);
    CHECK(lost_updates < 100);
}

TEST_CASE_FIXTURE(support::leak_check, "a second order on a hub is refused until the first has gone") {
    {
        green::testing::seeded_order order(1);
        CHECK_THROWS_AS(green::testing::seeded_order(2), std::logic_error);
    }
    CHECK_NOTHROW(green::testing::seeded_order(2));
}

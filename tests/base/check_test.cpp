// SPDX-License-Identifier: BSL-1.0
#include <green/base/check.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>

#include <doctest/doctest.h>

#include <csignal>

using support::contains;

SCENARIO_IN_CHILD(fails_without_fibers) {
    green::detail::check(true, "all is well");
    green::detail::check(1 + 1 == 3, "arithmetic has failed");
}

SCENARIO_IN_CHILD(fails_in_a_fiber) {
    green::spawn({.name = "careless"}, [] { green::detail::fail("a bug was found"); }).join();
}

TEST_CASE("a failed check says what and where, and aborts") {
    auto end = support::run_child("fails_without_fibers");
    CHECK(end.signal == SIGABRT);
    CHECK(contains(end.errors, "green: arithmetic has failed"));
    CHECK(contains(end.errors, "check_test.cpp:"));
    CHECK_FALSE(contains(end.errors, "all is well"));
}

TEST_CASE("a failed check names the fiber") {
    auto end = support::run_child("fails_in_a_fiber");
    CHECK(end.signal == SIGABRT);
    CHECK(contains(end.errors, "fiber careless"));
}

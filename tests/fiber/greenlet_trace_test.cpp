// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/greenlet_trace.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using green::greenlet;
using green::greenlet_event;
using green::switch_to_parent;

namespace {

// Notes every event for as long as it lives.
struct notes {
    notes() {
        green::set_greenlet_tracer([this](const green::greenlet_trace& t) {
            lines.push_back((t.event == greenlet_event::thrown ? "throw " : "switch ") + t.from.name() + " " +
                            t.to.name());
        });
    }
    ~notes() { green::set_greenlet_tracer({}); }
    std::vector<std::string> lines;
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a tracer sees each switch and throw, in order, with both sides") {
    notes seen;
    {
        greenlet<int(int)> g({.name = "g"}, [](int n) { return switch_to_parent<int>(n); });
        g.switch_to(1);
        CHECK(seen.lines == std::vector<std::string>{"switch main g", "switch g main"});
        seen.lines.clear();
        g.switch_to(2);
        CHECK(seen.lines == std::vector<std::string>{"switch main g", "switch g main"});
        seen.lines.clear();
        g.switch_to(3);  // dead: the value comes back, and nothing is switched
        CHECK(seen.lines.empty());
        greenlet<void()> thrower({.name = "thrower"}, [] { switch_to_parent(); });
        thrower.switch_to();
        seen.lines.clear();
        CHECK_THROWS_AS(thrower.throw_into(std::runtime_error("x")), std::runtime_error);
        CHECK(seen.lines == std::vector<std::string>{"throw main thrower", "throw thrower main"});
        greenlet<void()> dropped({.name = "dropped"}, [] { switch_to_parent(); });
        dropped.switch_to();
        seen.lines.clear();
    }
    CHECK(seen.lines == std::vector<std::string>{"throw main dropped", "switch dropped main"});
}

TEST_CASE_FIXTURE(support::leak_check, "a generator's steps are seen, and nothing after the tracer has gone") {
    std::size_t count = 0;
    {
        notes seen;
        for (int n : green::generator<int>([](auto yield) { yield(1); })) CHECK(n == 1);
        count = seen.lines.size();
        CHECK(count == 4);
        green::set_greenlet_tracer({});
        greenlet<void()>([] {}).switch_to();
        CHECK(seen.lines.size() == count);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a tracer must not switch, may replace itself, and watches its own thread") {
    std::string refused;
    greenlet<void()> other([] {});
    int first = 0, second = 0;
    green::set_greenlet_tracer([&](const green::greenlet_trace&) {
        ++first;
        refused = support::what_of([&] { other.switch_to(); });
        green::set_greenlet_tracer([&](const green::greenlet_trace&) { ++second; });
    });
    greenlet<void()> g([] {});
    std::thread([] { greenlet<void()>([] {}).switch_to(); }).join();
    CHECK(first == 0);
    g.switch_to();
    green::set_greenlet_tracer({});
    CHECK(refused == "green: the greenlet tracer must not switch");
    CHECK(first == 1);
    CHECK(second == 1);
    CHECK_FALSE(other.started());
}

TEST_CASE_FIXTURE(support::leak_check, "a tracer may drop greenlets") {
    bool unwound = false;
    struct sets {
        bool& flag;
        ~sets() { flag = true; }
    };
    greenlet<void()> doomed([&] {
        sets guard{unwound};
        switch_to_parent();
    });
    doomed.switch_to();
    green::set_greenlet_tracer([&](const green::greenlet_trace&) { doomed = {}; });
    CHECK(greenlet<int()>([] { return 1; }).switch_to() == 1);
    green::set_greenlet_tracer({});
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "what a tracer moves to another fiber is not switched to") {
    green::greenlet_handle there;
    auto other = green::spawn({.name = "other"}, [&] {
        there = green::current_greenlet();
        green::yield();
    });
    green::yield();
    const auto here = green::current_greenlet();
    greenlet<void()> g([] { switch_to_parent(); });
    green::set_greenlet_tracer([&](const green::greenlet_trace&) { g.set_parent(there); });
    CHECK(support::contains(support::what_of([&] { g.switch_to(); }), "belongs to fiber \"other\""));
    green::set_greenlet_tracer({});
    g.set_parent(here);
    g.switch_to();
    green::set_greenlet_tracer([&](const green::greenlet_trace&) { g.set_parent(there); });
    CHECK(support::contains(support::what_of([&] { g.throw_into(); }), "belongs to fiber \"other\""));
    green::set_greenlet_tracer({});
    CHECK_FALSE(g.dead());
    other.join();
}

TEST_CASE_FIXTURE(support::leak_check, "a tracer may choose the parent to whom a result goes") {
    greenlet<int(int)> doubles([](int n) { return 2 * n; });
    greenlet<int()> g([] { return 21; });
    green::set_greenlet_tracer([&](const green::greenlet_trace& t) {
        if (t.from == g) g.set_parent(doubles);
    });
    CHECK(g.switch_to() == 42);
    green::set_greenlet_tracer({});
}

TEST_CASE_FIXTURE(support::leak_check, "a tracer goes with its thread") {
    int seen = 0;
    std::thread([&] {
        green::set_greenlet_tracer([&](const green::greenlet_trace&) { ++seen; });
        greenlet<void()>([] {}).switch_to();
    }).join();
    CHECK(seen == 2);
    std::thread([] { greenlet<void()>([] {}).switch_to(); }).join();  // a thread that may get the other one's hub
    CHECK(seen == 2);
}

SCENARIO_IN_CHILD(a_tracer_throws) {
    int calls = 0;
    green::set_greenlet_tracer([&](const green::greenlet_trace&) {
        ++calls;
        throw std::runtime_error("no more");
    });
    greenlet<int()> g([] { return 42; });
    const int answer = g.switch_to();
    std::printf("%d %d\n", answer, calls);
}

TEST_CASE("a tracer that throws is reported and removed, and the switch takes place") {
    auto end = support::run_child("a_tracer_throws");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "42 1\n");
    CHECK(end.errors == "green: the greenlet tracer threw and is removed: no more\n");
}

SCENARIO_IN_CHILD(a_tracer_replaces_itself_and_throws) {
    int calls = 0;
    green::set_greenlet_tracer([&](const green::greenlet_trace&) {
        green::set_greenlet_tracer([&](const green::greenlet_trace&) { ++calls; });
        throw std::runtime_error("no more");
    });
    greenlet<int()>([] { return 42; }).switch_to();
    std::printf("%d\n", calls);
}

TEST_CASE("a tracer that throws does not take the next one along") {
    auto end = support::run_child("a_tracer_replaces_itself_and_throws");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "1\n");
}

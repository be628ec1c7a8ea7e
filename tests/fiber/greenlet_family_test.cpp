// SPDX-License-Identifier: BSL-1.0
// Greenlets as parts of fibers: whose they are, what parks, and which timeouts are in force.
#include <green/fiber/greenlet.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using support::contains;
using green::current_greenlet;
using green::greenlet;
using green::switch_to_parent;
using support::what_of;

namespace {

struct note {
    std::string& text;
    const char* what;
    ~note() { text += what; }
};

}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "when a greenlet sleeps its whole fiber parks, and others run") {
    std::string order;
    auto with_greenlet = green::spawn([&] {
        greenlet<void()> sleeper([&] {
            order += "a";
            green::sleep(2s);
            order += "d";
        });
        sleeper.switch_to();
        order += "e";
    });
    auto other = green::spawn([&] {
        order += "b";
        green::sleep(1s);
        order += "c";
    });
    with_greenlet.join();
    other.join();
    CHECK(order == "abcde");
}

TEST_CASE_FIXTURE(support::leak_check, "a greenlet reads and locks as its fiber does") {
    green::mutex mutex;
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    mutex.lock();
    auto reader = green::spawn([&] {
        greenlet<char()> g([&] {
            std::lock_guard guard(mutex);
            char byte = 0;
            green::wait_readable(ends[0]);
            CHECK(read(ends[0], &byte, 1) == 1);
            return byte;
        });
        return g.switch_to();
    });
    green::yield();
    mutex.unlock();
    green::yield();
    CHECK_FALSE(mutex.try_lock());
    REQUIRE(write(ends[1], "x", 1) == 1);
    CHECK(reader.get() == 'x');
    green::close_fd(ends[0]);
    green::close_fd(ends[1]);
}

TEST_CASE_FIXTURE(support::leak_check, "a kill is thrown on the greenlet's stack and travels from greenlet to parent") {
    std::string order;
    auto victim = green::spawn([&] {
        note last{order, "root "};
        greenlet<void()> outer([&] {
            note middle{order, "outer "};
            greenlet<void()> inner([&] {
                note first{order, "inner "};
                green::sleep(1h);
            });
            inner.switch_to();
            order += "not reached ";
        });
        outer.switch_to();
        order += "not reached ";
    });
    green::yield();
    victim.kill();
    CHECK(order == "inner outer root ");
    CHECK(victim.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "greenlet_exit that reaches the root ends the fiber like a kill") {
    auto fiber = green::spawn([] {
        const auto root = current_greenlet();
        greenlet<void()>([&] { root.throw_into(); }).switch_to();
    });
    fiber.join();
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "one of another fiber is refused until it is moved") {
    greenlet<int()> g({.name = "g"}, [] {
        switch_to_parent(1);
        return 2;
    });
    CHECK(g.switch_to() == 1);
    green::spawn({.name = "taker"}, [&] {
        const std::string error = what_of([&] { g.switch_to(); });
        CHECK(contains(error, "\"g\" belongs to fiber \"main\""));
        CHECK(contains(error, "set_parent(green::current_greenlet())"));
        CHECK(contains(what_of([&] { g.throw_into(); }), "belongs to fiber"));
        CHECK_FALSE(g.dead());
        g.set_parent(current_greenlet());
        CHECK(g.switch_to() == 2);
    }).join();
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "descendants move with their parent") {
    greenlet<int()> child;
    greenlet<int()> parent([&] {
        child = greenlet<int()>([] {
            switch_to_parent(1);
            return 3;
        });
        return switch_to_parent<int>(child.switch_to()) + 1;
    });
    CHECK(parent.switch_to() == 1);
    green::spawn([&] {
        CHECK_THROWS_AS(child.switch_to(), std::logic_error);
        parent.set_parent(current_greenlet());
        CHECK(child.switch_to<int>() == 4);  // its result goes to the parent, whose result comes here
    }).join();
}

TEST_CASE_FIXTURE(support::leak_check, "the root of another fiber cannot be switched to") {
    std::optional<green::greenlet_handle> root;
    auto other = green::spawn({.name = "other"}, [&] {
        root = current_greenlet();
        green::yield();
    });
    green::yield();
    CHECK(contains(what_of([&] { root->switch_to(); }), "fiber \"other\""));
    CHECK(root->name() == "other");
    CHECK(contains(what_of([&] { current_greenlet().set_parent(*root); }), "is a fiber's own stack"));
    other.join();
    CHECK(root->dead());
    CHECK(contains(what_of([&] { root->switch_to(); }), "has ended"));
    CHECK(contains(what_of([&] { root->set_parent(current_greenlet()); }), "is a fiber's own stack"));
}

TEST_CASE_FIXTURE(support::leak_check, "one that another fiber runs, and all above it, stay where they are") {
    greenlet<void()> inner;
    greenlet<void()> outer;
    auto runner = green::spawn({.name = "runner"}, [&] {
        outer = greenlet<void()>({.name = "outer"}, [&] {
            inner = greenlet<void()>([] { green::yield(), green::yield(); });
            inner.switch_to();
        });
        outer.switch_to();
    });
    green::yield();
    for (const green::greenlet_handle& each : {green::greenlet_handle(inner), green::greenlet_handle(outer)}) {
        const std::string error = what_of([&] { each.set_parent(current_greenlet()); });
        CHECK(contains(error, "cannot leave fiber \"runner\" while it runs there"));
    }
    runner.join();
    CHECK(outer.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "what a fiber leaves suspended can be taken over when it has ended") {
    greenlet<int()> left;
    green::spawn([&] {
        left = greenlet<int()>({.name = "left"}, [] {
            switch_to_parent(1);
            return 2;
        });
        left.switch_to();
    }).join();
    CHECK(contains(what_of([&] { left.switch_to(); }), "\"left\" belongs to no living fiber"));
    left.set_parent(current_greenlet());
    CHECK(left.switch_to() == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "moving what another fiber will run does not disturb it") {
    greenlet<int()> g([] { return 7; });
    green::greenlet_handle target;
    auto other = green::spawn([&] {
        target = current_greenlet();
        green::yield();
        return g.switch_to();
    });
    green::yield();
    g.set_parent(target);
    CHECK_THROWS_AS(g.switch_to(), std::logic_error);
    CHECK(other.get() == 7);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout of the parent is in force in a greenlet") {
    greenlet<int()> g([] {
        switch_to_parent(1);
        green::sleep(1h);
        return 2;
    });
    CHECK(g.switch_to() == 1);
    const auto begin = green::hub::current().now();
    CHECK_FALSE(green::with_timeout(2s, [&] { g.switch_to(); }));
    CHECK(green::hub::current().now() - begin == 2s);
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a greenlet's timeout is in force only while it runs, and again when it goes on") {
    bool expired_inside = false;
    greenlet<void()> g([&] {
        expired_inside = !green::with_timeout(5s, [] {
            switch_to_parent();
            green::sleep(1h);
        });
    });
    g.switch_to();
    green::sleep(10s);  // not cut short
    green::cancel_scope of_mine;
    g.switch_to();
    CHECK(expired_inside);
    CHECK(g.dead());
    CHECK_FALSE(of_mine.is_cancelled());
}

TEST_CASE_FIXTURE(support::virtual_time, "scopes of parent and child nest by who runs, not by when they were opened") {
    std::string order;
    greenlet<void()> g([&] {
        green::timeout inner(30s);
        switch_to_parent();  // back in a scope that did not exist when `inner` began
        try {
            green::sleep(1h);
        } catch (const green::cancelled& request) {
            order += inner.owns(request) ? "inner" : "not inner";
            throw;
        }
    });
    g.switch_to();
    green::timeout outer(1s);
    try {
        g.switch_to();
    } catch (const green::cancelled& request) {
        order += outer.owns(request) ? ", outer" : ", not outer";
    }
    CHECK(order == "not inner, outer");
}

TEST_CASE_FIXTURE(support::virtual_time, "scopes go along when a greenlet with open ones changes its fiber") {
    bool cut_short = false;
    greenlet<void()> g([&] {
        green::timeout t(10s);
        switch_to_parent();
        try {
            green::sleep(1h);
        } catch (const green::cancelled& request) {
            cut_short = t.owns(request);
            if (!cut_short) throw;
        }
    });
    green::with_timeout(1h, [&] { g.switch_to(); });
    green::spawn([&] {
        green::timeout of_the_taker(20s);
        g.set_parent(current_greenlet());
        g.switch_to();
    }).join();
    CHECK(cut_short);
    green::sleep(1s);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a jump over several generations takes their scopes out of force and back into it") {
    const auto root = current_greenlet();
    std::string ends;
    greenlet<void()> inner;
    greenlet<void()> outer([&] {
        green::timeout of_outer(10s);
        inner = greenlet<void()>([&] {
            green::timeout of_inner(20s);
            root.switch_to();
            try {
                green::sleep(1h);
            } catch (const green::cancelled& request) {
                ends += of_inner.owns(request) ? "inner" : "other ";
                throw;
            }
        });
        try {
            inner.switch_to();
        } catch (const green::cancelled& request) {
            ends += of_outer.owns(request) ? "outer" : "other ";
        }
    });
    outer.switch_to();
    green::sleep(5s);
    inner.switch_to();
    CHECK(ends == "other outer");
    green::sleep(1h);
}

SCENARIO_IN_CHILD(scope_outlives_its_greenlet) {
    std::optional<green::cancel_scope> scope;
    greenlet<void()>([&] { scope.emplace(); }).switch_to();
    scope->cancel();
    green::sleep(1ms);
    std::puts("slept");
    std::fflush(stdout);
}

TEST_CASE("a scope that was not left at its greenlet's end is in force no more, and leaving it later is refused") {
    auto end = support::run_child("scope_outlives_its_greenlet");
    CHECK(end.output == "slept\n");
    CHECK(end.signal == SIGABRT);
    CHECK(contains(end.errors, "a cancel scope is left before one inside it, or by another fiber"));
}

TEST_CASE_FIXTURE(support::virtual_time, "a child moved while it runs is under the new parent's timeout") {
    greenlet<void()> strict([] {
        green::timeout t(1s);
        switch_to_parent();
    });
    strict.switch_to();
    greenlet<void()> child({.name = "child"}, [&] {
        current_greenlet().set_parent(strict);
        CHECK_THROWS_AS(green::sleep(1h), green::cancelled);
        current_greenlet().set_parent(strict.parent());
        green::sleep(1h);
    });
    child.switch_to();
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a task group's children in a greenlet are cancelled with those who wait for it") {
    int cancelled = 0;
    greenlet<void()> g([&] {
        green::with_task_group([&](green::task_group& group) {
            group.spawn([&] {
                try {
                    green::sleep(1h);
                } catch (const green::cancelled&) {
                    ++cancelled;
                    throw;
                }
            });
            green::yield();
            switch_to_parent();
        });
    });
    g.switch_to();
    green::cancel_scope scope;
    scope.cancel();
    CHECK(cancelled == 0);
    CHECK_THROWS_AS(g.switch_to(), green::cancelled);
    CHECK(cancelled == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a suspended greenlet's task group is out of reach of those it was left for") {
    bool ended_in_peace = false;
    greenlet<void()> g([&] {
        green::with_task_group([&](green::task_group& group) {
            group.spawn([&] {
                green::sleep(5s);
                ended_in_peace = true;
            });
            switch_to_parent();
        });
    });
    CHECK_FALSE(green::with_timeout(1s, [&] {
        g.switch_to();
        green::sleep(1h);
    }));
    green::sleep(1s);  // whoever was cancelled would see it now
    g.switch_to();
    CHECK(ended_in_peace);
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "waits of a greenlet that a destructor has called are not cancelled") {
    bool finished = false;
    struct last_words {
        bool& finished;
        ~last_words() {
            greenlet<void()>([this] {
                green::sleep(1ms);
                finished = true;
            }).switch_to();
        }
    };
    auto victim = green::spawn([&] {
        green::cancel_scope scope;
        last_words guard{finished};
        scope.cancel();
        green::sleep(1h);
    });
    green::yield();
    victim.kill();
    CHECK(finished);
}

SCENARIO_IN_CHILD(waits_for_ever_in_a_greenlet) {
    greenlet<void()> g([] { green::sleep_until(green::never); });
    try {
        g.switch_to();
    } catch (const green::would_block_forever&) {
        std::puts("would block");
    }
}

TEST_CASE("a wait for ever on a greenlet's stack is an error of the main fiber") {
    CHECK(support::run_child("waits_for_ever_in_a_greenlet").output == "would block\n");
}

TEST_CASE_FIXTURE(support::leak_check, "fiber-local values are those of the fiber") {
    static green::fiber_local<int> number;
    *number = 5;
    CHECK(greenlet<int()>([] { return *number; }).switch_to() == 5);
    green::spawn([] { CHECK(greenlet<int()>([] { return *number; }).switch_to() == 0); }).join();
}

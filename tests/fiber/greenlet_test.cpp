// SPDX-License-Identifier: BSL-1.0
// Values, results and errors between greenlets.
#include <green/fiber/greenlet.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using green::current_greenlet;
using green::greenlet;
using green::switch_to_parent;
using support::contains;
using support::what_of;

namespace {

struct counts_copies {
    explicit counts_copies(int& copies) : copies(copies) {}
    counts_copies(const counts_copies& other) : copies(other.copies) { ++copies; }
    counts_copies(counts_copies&&) = default;
    int& copies;
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "creating a greenlet runs nothing") {
    bool ran = false;
    greenlet<void()> g([&] { ran = true; });
    CHECK_FALSE(ran);
    CHECK_FALSE(g.started());
    CHECK_FALSE(g.dead());
    g.switch_to();
    CHECK(ran);
    CHECK(g.started());
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check,
                  "the first value is the argument, later ones the results of its own pending switch") {
    std::vector<int> received;
    greenlet<std::string(int)> g([&](int first) {
        received.push_back(first);
        received.push_back(switch_to_parent<int>(std::string("one")));
        received.push_back(switch_to_parent<int>(std::string("two")));
        return std::string("the end");
    });
    CHECK(g.switch_to(10) == "one");
    CHECK(g.switch_to(20) == "two");
    CHECK(g.switch_to(30) == "the end");
    CHECK(received == std::vector{10, 20, 30});
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "either side may be void") {
    int sum = 0;
    greenlet<void(int)> sink([&](int n) {
        for (;;) {
            sum += n;
            n = switch_to_parent<int>();
        }
    });
    greenlet<int()> source([] {
        for (int n = 1;; ++n) switch_to_parent(n);
        return 0;
    });
    for (int i = 0; i < 4; ++i) sink.switch_to(source.switch_to());
    CHECK(sum == 10);
}

TEST_CASE_FIXTURE(support::leak_check, "values are moved from stack to stack, and references arrive as such") {
    int copies = 0;
    greenlet<counts_copies(counts_copies)> passes_on([](counts_copies c) {
        return switch_to_parent<counts_copies>(std::move(c));
    });
    const counts_copies back = passes_on.switch_to(passes_on.switch_to(counts_copies(copies)));
    CHECK(back.copies == 0);
    greenlet<std::unique_ptr<int>(std::unique_ptr<int>)> move_only([](std::unique_ptr<int> p) {
        ++*p;
        return p;
    });
    CHECK(*move_only.switch_to(std::make_unique<int>(1)) == 2);
    int number = 1;
    greenlet<int&(int&)> reference([](int& n) -> int& {
        ++n;
        return switch_to_parent<int&, int&>(n);
    });
    CHECK(&reference.switch_to(number) == &number);
    CHECK(number == 2);
    int other = 7;
    CHECK(&reference.switch_to(other) == &other);
}

TEST_CASE_FIXTURE(support::leak_check, "two that switch to each other, and the first to end returns to their parent") {
    std::string order;
    greenlet<void()> other;
    greenlet<void()> one([&] {
        order += "12";
        other.switch_to();
        order += "34";
    });
    other = greenlet<void()>([&] {
        order += "56";
        one.switch_to();
        order += "78";
    });
    one.switch_to();
    CHECK(order == "125634");
    CHECK(one.dead());
    CHECK_FALSE(other.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "of a dead one neither function nor taken result are left, though a handle is") {
    struct counted {
        explicit counted(int& living) : living(living) { ++living; }
        counted(counted&& other) : living(other.living) { ++living; }
        ~counted() { --living; }
        int& living;
    };
    int living = 0;
    auto held = std::make_shared<int>();
    greenlet<counted()> g([&living, held] { return counted(living); });
    (void)g.switch_to();
    CHECK(g.dead());
    CHECK(living == 0);
    CHECK(held.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a result goes to the parent, not to the last one who switched to it") {
    std::string where;
    greenlet<int()> worker([] {
        switch_to_parent(1);
        return 2;
    });
    CHECK(worker.switch_to() == 1);
    greenlet<void()> other([&] {
        worker.switch_to<void>();
        where += "never here";
    });
    CHECK(other.switch_to<int>() == 2);
    CHECK(where.empty());
}

TEST_CASE_FIXTURE(support::leak_check,
                  "an error goes to whoever is the parent by then, through those that do not catch it") {
    greenlet<void()> bad([] { throw std::runtime_error("bad"); });
    std::string caught_by;
    greenlet<void()> adopter([&] {
        bad.set_parent(current_greenlet());
        try {
            bad.switch_to();
        } catch (const std::runtime_error& e) {
            caught_by = "adopter";
            throw std::logic_error("worse");
        }
    });
    CHECK_THROWS_WITH_AS(adopter.switch_to(), "worse", std::logic_error);
    CHECK(caught_by == "adopter");
    CHECK(bad.dead());
    CHECK(adopter.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "the creator is the parent unless another one is named") {
    const auto here = current_greenlet();
    greenlet<void()> outer([&] {
        greenlet<void()> inner([] {});
        CHECK(inner.parent() == current_greenlet());
        greenlet<void()> elsewhere({.parent = here}, [] {});
        CHECK(elsewhere.parent() == here);
    });
    CHECK(outer.parent() == here);
    CHECK_FALSE(here.parent().valid());
    outer.switch_to();
    CHECK(current_greenlet() == here);
}

TEST_CASE_FIXTURE(support::leak_check, "cycles of parents are refused") {
    greenlet<void()> a([] {}), b({.parent = a}, [] {}), c({.parent = b}, [] {});
    CHECK_THROWS_AS(a.set_parent(a), std::logic_error);
    CHECK_THROWS_AS(a.set_parent(b), std::logic_error);
    CHECK(contains(what_of([&] { a.set_parent(c); }), "its own ancestor"));
    CHECK(a.parent() == current_greenlet());
    c.set_parent(a);
    b.set_parent(c);
    CHECK(b.parent() == c);
}

TEST_CASE_FIXTURE(support::leak_check, "what is switched to a dead one goes to its nearest live ancestor") {
    greenlet<std::string(std::string)> dead([](std::string s) { return s + "!"; });
    CHECK(dead.switch_to("once") == "once!");
    CHECK(dead.switch_to("again") == "again");  // this one is the ancestor: the value comes back
    std::string got;
    greenlet<void()> live([&] {
        greenlet<std::string(std::string)> middle([](std::string s) { return s; });
        greenlet<std::string(std::string)> leaf({.parent = middle}, [](std::string s) { return s; });
        greenlet<std::string(std::string)> sender([&](std::string s) -> std::string {
            leaf.switch_to(s);
            return "not reached";
        });
        CHECK(leaf.switch_to<std::string>("ends both") == "ends both");
        CHECK(middle.dead());
        got = sender.switch_to("for the one in the middle of the line");
    });
    live.switch_to();
    CHECK(got == "for the one in the middle of the line");
}

TEST_CASE_FIXTURE(support::leak_check, "of a line that has died from above, each result goes past all of the dead") {
    greenlet<int()> a([] { return 1; }), b({.parent = a}, [] { return 2; }), c({.parent = b}, [] { return 3; });
    CHECK(a.switch_to() == 1);
    CHECK(b.switch_to() == 2);
    CHECK(c.switch_to() == 3);
}

TEST_CASE_FIXTURE(support::leak_check, "a result starts a parent that has never run") {
    greenlet<std::string(int)> parent([](int n) { return "started with " + std::to_string(n); });
    greenlet<int()> child({.parent = parent}, [] { return 42; });
    CHECK(child.switch_to<std::string>() == "started with 42");
    CHECK(parent.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "a parent known to nobody but its child lives on") {
    greenlet<int()> child({.parent = greenlet<std::string(int)>([](int n) { return std::to_string(n); })},
                          [] { return 42; });
    CHECK(child.switch_to<std::string>() == "42");
}

TEST_CASE_FIXTURE(support::leak_check, "an error passes through parents that have never run") {
    bool ran = false;
    greenlet<void(int)> grandparent([&](int) { ran = true; });
    greenlet<int(int)> parent({.parent = grandparent}, [&](int n) {
        ran = true;
        return n;
    });
    greenlet<int()> child({.parent = parent}, []() -> int { throw std::runtime_error("up"); });
    CHECK_THROWS_WITH_AS(child.switch_to(), "up", std::runtime_error);
    CHECK_FALSE(ran);
    CHECK(parent.dead());
    CHECK(grandparent.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "what is thrown into a suspended one is thrown at its switch") {
    greenlet<std::string()> g([]() -> std::string {
        for (;;) {
            try {
                switch_to_parent(std::string("waiting"));
            } catch (const std::out_of_range& e) {
                switch_to_parent("caught " + std::string(e.what()));
            }
        }
    });
    g.switch_to();
    auto answer = g.throw_into(std::out_of_range("the range"));
    REQUIRE(answer.has_value());
    CHECK(*answer == "caught the range");
    CHECK(g.switch_to() == "waiting");
    CHECK_THROWS_WITH_AS(g.throw_into(std::make_exception_ptr(std::domain_error("uncaught"))), "uncaught",
                         std::domain_error);
    CHECK(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "what is thrown into an unstarted one reaches its parent, and no line runs") {
    bool ran = false;
    auto held = std::make_shared<int>(0);
    greenlet<int()> g([&ran, held] {
        ran = true;
        return 1;
    });
    CHECK_THROWS_WITH_AS(g.throw_into(std::runtime_error("early")), "early", std::runtime_error);
    CHECK_FALSE(ran);
    CHECK(g.dead());
    CHECK_FALSE(g.started());
    CHECK(held.use_count() == 1);  // its function is gone
    greenlet<int()> exits([] { return 1; });
    CHECK_FALSE(exits.throw_into().has_value());
    CHECK(exits.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "greenlet_exit is a normal end without a value") {
    auto waits = [] {
        greenlet<int()> g([] {
            switch_to_parent(1);
            return 2;
        });
        g.switch_to();
        return g;
    };
    auto g = waits();
    CHECK(g.throw_into() == std::nullopt);
    CHECK(g.dead());
    greenlet<int()> by_itself({.name = "leaver"}, []() -> int { throw green::greenlet_exit(); });
    CHECK_THROWS_AS(by_itself.switch_to(), green::greenlet_ended);
    greenlet<int()> named({.name = "leaver"}, []() -> int { throw green::greenlet_exit(); });
    CHECK(contains(what_of([&] { named.switch_to(); }), "\"leaver\" ended"));
    greenlet<void()> nothing_to_miss([] { throw green::greenlet_exit(); });
    nothing_to_miss.switch_to();
    CHECK(nothing_to_miss.dead());
    greenlet<void()> truth([] { switch_to_parent(); });
    truth.switch_to();
    CHECK_FALSE(truth.throw_into());
}

TEST_CASE_FIXTURE(support::leak_check, "throwing into a void one tells whether something came back") {
    greenlet<void()> g([] {
        for (;;) {
            try {
                switch_to_parent();
            } catch (const std::runtime_error&) {
            }
        }
    });
    g.switch_to();
    CHECK(g.throw_into(std::runtime_error("ignored")));
    CHECK_FALSE(g.throw_into());
}

TEST_CASE_FIXTURE(support::leak_check,
                  "an exit starts a parent that takes nothing, and ends one that waits for a value") {
    bool ran = false;
    greenlet<void()> takes_nothing([&] { ran = true; });
    greenlet<int()> first({.parent = takes_nothing}, []() -> int { throw green::greenlet_exit(); });
    first.switch_to<void>();
    CHECK(ran);
    greenlet<void(int)> takes_one([&](int) { FAIL("started without a value"); });
    greenlet<int()> second({.name = "second", .parent = takes_one}, []() -> int { throw green::greenlet_exit(); });
    CHECK(contains(what_of([&] { second.switch_to<void>(); }), "\"second\" ended"));
    CHECK(takes_one.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "what is thrown into a dead one reaches its nearest live ancestor") {
    greenlet<int()> dead([] { return 1; });
    dead.switch_to();
    CHECK_THROWS_WITH_AS(dead.throw_into(std::runtime_error("late")), "late", std::runtime_error);
    CHECK_FALSE(dead.throw_into().has_value());
}

TEST_CASE_FIXTURE(support::leak_check, "a dead one that would bring what is not waited for is named") {
    greenlet<int()> dead({.name = "late"}, [] { return 1; });
    dead.switch_to();
    CHECK(contains(what_of([&] { dead.switch_to(); }), "\"late\" has ended"));
}

TEST_CASE_FIXTURE(support::leak_check, "switching to oneself gives the value back, throwing into oneself throws") {
    CHECK(current_greenlet().switch_to<int>(5) == 5);
    CHECK_THROWS_WITH_AS(current_greenlet().throw_into(std::runtime_error("mine")), "mine", std::runtime_error);
    CHECK_THROWS_AS(current_greenlet().switch_to<int>(5L), std::logic_error);
    greenlet<int(int)> child([](int n) { return 10 * current_greenlet().switch_to<int>(n + 1); });
    CHECK(child.switch_to(1) == 20);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a value of another type than is waited for is refused, and both types are named") {
    greenlet<int(int)> g({.name = "typed"}, [](int n) {
        const std::string text = switch_to_parent<std::string>(n);
        return static_cast<int>(text.size());
    });
    CHECK(g.switch_to(1) == 1);
    const std::string error = what_of([&] { g.switch_to(2); });
    CHECK(contains(error, "\"typed\" waits for std::"));
    CHECK(contains(error, "string"));
    CHECK(contains(error, "is given int"));
    const green::greenlet_handle untyped = g;
    CHECK(untyped.switch_to<int>(std::string("still there")) == 11);
}

TEST_CASE_FIXTURE(support::leak_check, "a result that does not fit is an error of the parent") {
    greenlet<int()> g([] { return 1; });
    CHECK(contains(what_of([&] { g.switch_to<std::string>(); }), "is given int"));
    CHECK(g.dead());
    greenlet<int&()> lvalue([] () -> int& { static int n = 0; return n; });
    CHECK(contains(what_of([&] { lvalue.switch_to<const int&>(); }), "waits for int const& and is given int&"));
    greenlet<void()> nothing([] {});
    CHECK(contains(what_of([&] { nothing.switch_to<int>(); }), "waits for int and is given void"));
}

TEST_CASE_FIXTURE(support::leak_check,
                  "several suspended each in its own catch keep their own exceptions, and their errno") {
    std::vector<greenlet<std::string()>> all;
    for (int i = 0; i < 5; ++i)
        all.emplace_back([i]() -> std::string {
            try {
                throw std::runtime_error("exception " + std::to_string(i));
            } catch (...) {
                errno = i;
                switch_to_parent(std::string());
                CHECK(errno == i);
                try {
                    throw;
                } catch (const std::exception& e) {
                    return e.what();
                }
            }
        });
    errno = 99;
    for (auto& each : all) each.switch_to();
    CHECK_FALSE(std::current_exception());
    CHECK(errno == 99);
    for (int i : {3, 0, 4, 1, 2})
        CHECK(all[static_cast<std::size_t>(i)].switch_to() == "exception " + std::to_string(i));
    CHECK_FALSE(std::current_exception());
}

TEST_CASE_FIXTURE(support::leak_check, "a switch while a stack is being unwound leaves the other one out of it") {
    int seen_there = -1;
    greenlet<void()> other([&] {
        for (;;) {
            seen_there = std::uncaught_exceptions();
            switch_to_parent();
        }
    });
    struct switches {
        greenlet<void()>& to;
        ~switches() { to.switch_to(); }
    };
    try {
        switches guard{other};
        throw std::runtime_error("up");
    } catch (const std::runtime_error&) {
    }
    CHECK(seen_there == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "grep: lines are sent in, matches come out") {
    std::vector<std::string> found;
    greenlet<void(std::string_view)> grep([&](std::string_view line) {
        for (;;) {
            if (line.find("green") != line.npos) found.emplace_back(line);
            line = switch_to_parent<std::string_view>();
        }
    });
    for (auto line : {"no match", "a green line", "blue", "evergreen"}) grep.switch_to(line);
    CHECK(found == std::vector<std::string>{"a green line", "evergreen"});
}

TEST_CASE_FIXTURE(support::leak_check, "a switch may come from any depth of calls") {
    greenlet<int()> visits([] {
        std::function<void(int)> descend = [&](int depth) {
            if (depth == 0) return;
            descend(depth - 1);
            switch_to_parent(depth);
        };
        descend(50);
        return 0;
    });
    for (int depth = 1; depth <= 50; ++depth) CHECK(visits.switch_to() == depth);
    CHECK(visits.switch_to() == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "greenlets nest deeply, each one a child of the one before") {
    std::function<int(int)> nest = [&](int depth) -> int {
        if (depth == 0) return 0;
        greenlet<int()> next([&] { return nest(depth - 1); });
        return next.switch_to() + 1;
    };
    CHECK(nest(300) == 300);
}

TEST_CASE_FIXTURE(support::leak_check, "a line of creators that have ended does not grow") {
    green::greenlet_handle last;
    greenlet<void()> next;
    int made = 0;
    auto count = std::make_shared<int>(0);
    std::function<void()> step = [&, count] {
        if (++made < 100) next = greenlet<void()>({.name = "step"}, [&step, alive = count] { step(); });
    };
    next = greenlet<void()>(step);
    while (!next.dead()) greenlet<void()>(next).switch_to();
    CHECK(made == 100);
    int generations = 0;
    for (green::greenlet_handle at = next; at.valid(); at = at.parent()) ++generations;
    CHECK(generations <= 4);
}

TEST_CASE_FIXTURE(support::leak_check, "greenlets have names and numbers") {
    greenlet<void()> named({.name = "ann"}, [] {}), other([] {});
    CHECK(named.name() == "ann");
    CHECK(other.name() == "greenlet-" + std::to_string(other.id()));
    CHECK(named.id() != other.id());
    CHECK(current_greenlet().name() == "main");
    green::greenlet_handle copy = named;
    CHECK(copy == named);
    CHECK_FALSE(copy == other);
    CHECK_FALSE(green::greenlet_handle().valid());
}

TEST_CASE_FIXTURE(support::leak_check, "an impossible stack size is refused, and nothing is left") {
    auto held = std::make_shared<int>(0);
    CHECK_THROWS_AS(greenlet<void()>({.stack_size_bytes = 1}, [held] {}), std::invalid_argument);
    CHECK(held.use_count() == 1);
    greenlet<std::size_t()> small({.stack_size_bytes = 16 * 1024}, [] { return std::size_t{1}; });
    CHECK(small.switch_to() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a function that cannot be moved in leaves nothing behind") {
    struct throws_on_move {
        throws_on_move() = default;
        throws_on_move(const throws_on_move&) {}
        throws_on_move(throws_on_move&&) { throw std::runtime_error("cannot move"); }
        void operator()() const {}
    } f;
    CHECK_THROWS_AS(greenlet<void()>{f}, std::runtime_error);
}

SCENARIO_IN_CHILD(switches_to_an_empty_greenlet) { greenlet<int()>().switch_to(); }
SCENARIO_IN_CHILD(throws_into_an_empty_greenlet) { greenlet<int(int)>().throw_into(); }
SCENARIO_IN_CHILD(makes_an_empty_greenlet_a_parent) { greenlet<void()>([] {}).set_parent({}); }

TEST_CASE("an empty handle says that it names no greenlet, and aborts") {
    for (const char* scenario : {"switches_to_an_empty_greenlet", "throws_into_an_empty_greenlet",
                                 "makes_an_empty_greenlet_a_parent"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(contains(end.errors, "names no greenlet"));
    }
}

TEST_CASE_FIXTURE(support::leak_check, "the root of a fiber has no parent to switch to") {
    CHECK(contains(what_of([] { switch_to_parent(1); }), "fiber \"main\" has no parent"));
    CHECK(contains(green::spawn({.name = "loner"}, [] { return what_of([] { switch_to_parent(); }); }).get(),
                   "\"loner\""));
}

TEST_CASE_FIXTURE(support::leak_check, "one of another thread is refused by name") {
    greenlet<void()> mine({.name = "mine"}, [] {});
    std::string switched, thrown, parented, created;
    std::thread([&] {
        switched = what_of([&] { mine.switch_to(); });
        thrown = what_of([&] { mine.throw_into(); });
        greenlet<void()> theirs([] {});
        parented = what_of([&] { theirs.set_parent(mine); });
        created = what_of([&] { greenlet<void()>({.parent = mine}, [] {}); });
    }).join();
    for (const std::string& error : {switched, thrown, parented, created}) {
        CHECK(contains(error, "\"mine\" belongs to another thread"));
    }
    CHECK_FALSE(mine.started());
    mine.switch_to();
}

TEST_CASE_FIXTURE(support::leak_check, "in a hub callback there are no greenlets") {
    greenlet<void()> g([] {});
    std::string switched, thrown, created, asked;
    green::hub::current().call_soon([&] {
        switched = what_of([&] { g.switch_to(); });
        thrown = what_of([&] { g.throw_into(); });
        created = what_of([&] { greenlet<void()>([] {}); });
        asked = what_of([&] { current_greenlet(); });
    });
    green::yield();
    for (const std::string& error : {switched, thrown, created, asked}) CHECK(contains(error, "inside a hub callback"));
    CHECK_FALSE(g.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "in a coroutine there are no greenlets") {
    greenlet<void()> g([] {});
    std::string switched;
    green::coro::spawn([](auto& g, auto& switched) -> green::coro::task<void> {
        switched = what_of([&] { g.switch_to(); });
        co_return;
    }(g, switched));
    green::yield();
    CHECK(contains(switched, "or a coroutine"));
}

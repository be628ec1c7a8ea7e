// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/generator.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using support::contains;
using green::generator;
using support::what_of;

static_assert(std::ranges::input_range<generator<int>>);
static_assert(std::ranges::input_range<generator<const std::string&>>);
static_assert(!std::ranges::forward_range<generator<int>>);
static_assert(std::ranges::viewable_range<generator<int>&> && std::ranges::viewable_range<generator<int>>);
static_assert(std::is_same_v<std::ranges::range_value_t<generator<const std::string&>>, std::string>);
static_assert(!std::copyable<generator<int>> && std::movable<generator<int>>);

namespace {

generator<int> count_from(int first) {
    return generator<int>([first](auto yield) {
        for (int n = first;; ++n) yield(n);
    });
}

struct tree {
    int value;
    std::unique_ptr<tree> left, right;
};

std::unique_ptr<tree> node(int value, std::unique_ptr<tree> left = {}, std::unique_ptr<tree> right = {}) {
    return std::make_unique<tree>(tree{value, std::move(left), std::move(right)});
}

void walk(const tree& t, generator<int>::yielder yield) {
    if (t.left) walk(*t.left, yield);
    yield(t.value);
    if (t.right) walk(*t.right, yield);
}

struct sets {
    bool& flag;
    ~sets() { flag = true; }
};

template <class Range>
auto collect(Range&& range) {
    std::vector<std::ranges::range_value_t<Range>> all;
    for (auto&& each : range) all.push_back(each);
    return all;
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a generator is a range of what its function yields") {
    generator<int> squares([](auto yield) {
        for (int n = 1; n <= 4; ++n) yield(n * n);
    });
    CHECK(collect(squares) == std::vector{1, 4, 9, 16});
    CHECK(collect(squares).empty());
    CHECK(collect(generator<int>([](auto) {})).empty());
}

TEST_CASE_FIXTURE(support::leak_check, "values are computed when they are asked for") {
    std::string order;
    generator<int> g([&](auto yield) {
        order += "a";
        yield(1);
        order += "b";
        yield(2);
        order += "c";
    });
    CHECK(order.empty());
    auto at = g.begin();
    CHECK(order == "a");
    CHECK(*at == 1);
    CHECK(*g.begin() == 1);
    ++at;
    CHECK(*at == 2);
    CHECK(order == "ab");
    at++;
    CHECK(at == g.end());
    CHECK(order == "abc");
}

TEST_CASE_FIXTURE(support::leak_check, "it may yield from any depth of ordinary calls") {
    const auto t = node(4, node(2, node(1), node(3)), node(6, node(5), node(7)));
    CHECK(collect(generator<int>([&](auto yield) { walk(*t, yield); })) == std::vector{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE_FIXTURE(support::leak_check, "two trees are compared leaf by leaf without building lists") {
    const auto left_heavy = node(3, node(2, node(1))), right_heavy = node(1, {}, node(2, {}, node(3)));
    auto same = [](const tree& a, const tree& b) {
        generator<int> of_a([&](auto yield) { walk(a, yield); }), of_b([&](auto yield) { walk(b, yield); });
        auto i = of_a.begin(), j = of_b.begin();
        for (; i != of_a.end() && j != of_b.end(); ++i, ++j)
            if (*i != *j) return false;
        return i == of_a.end() && j == of_b.end();
    };
    CHECK(same(*left_heavy, *right_heavy));
    CHECK_FALSE(same(*left_heavy, *node(1, {}, node(2))));
}

TEST_CASE_FIXTURE(support::leak_check, "views work on an endless generator, and it goes on where they stopped") {
    auto numbers = count_from(1);
    auto even_squares = numbers | std::views::filter([](int n) { return n % 2 == 0; }) |
                        std::views::transform([](int n) { return n * n; }) | std::views::take(3);
    CHECK(collect(even_squares) == std::vector{4, 16, 36});
    CHECK(*numbers.begin() >= 7);
    CHECK(collect(count_from(5) | std::views::take(2)) == std::vector{5, 6});
}

TEST_CASE_FIXTURE(support::leak_check,
                  "what the function throws comes out of begin and of ++, and then it is at its end") {
    generator<int> at_once([](auto) { throw std::runtime_error("at once"); });
    CHECK_THROWS_WITH_AS(at_once.begin(), "at once", std::runtime_error);
    CHECK(at_once.begin() == at_once.end());
    generator<int> later([](auto yield) {
        yield(1);
        throw std::runtime_error("later");
    });
    auto at = later.begin();
    CHECK_THROWS_WITH_AS(++at, "later", std::runtime_error);
    CHECK(at == later.end());
    generator<int> leaves([](auto yield) {
        yield(1);
        throw green::greenlet_exit();
    });
    CHECK(collect(leaves) == std::vector{1});
}

TEST_CASE_FIXTURE(support::leak_check, "one that goes away unfinished unwinds its function's stack") {
    bool unwound = false;
    {
        generator<int> g([&](auto yield) {
            sets guard{unwound};
            for (int n = 0;; ++n) yield(n);
        });
        CHECK(*g.begin() == 0);
        generator<int> moved = std::move(g);
        CHECK(*++moved.begin() == 1);
        CHECK_FALSE(unwound);
        CHECK(g.begin() == g.end());
    }
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "one generator may consume another, and both are unwound from the outside") {
    bool inner_unwound = false, outer_unwound = false;
    {
        generator<int> outer([&](auto yield) {
            sets guard{outer_unwound};
            generator<int> inner([&](auto yield_inner) {
                sets inner_guard{inner_unwound};
                for (int n = 0;; ++n) yield_inner(n);
            });
            for (int n : inner) yield(n * 10);
        });
        CHECK(collect(outer | std::views::take(3)) == std::vector{0, 10, 20});
    }
    CHECK(inner_unwound);
    CHECK(outer_unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "a greenlet that nobody knows any more may still wait for a generator") {
    std::vector<int> got;
    bool unwound = false;
    green::greenlet<void()> consumer;
    consumer = green::greenlet<void()>([&] {
        sets guard{unwound};
        consumer = {};
        auto numbers = count_from(1);
        for (int n : numbers) {
            got.push_back(n);
            if (n == 3) green::switch_to_parent();
        }
    });
    consumer.switch_to();
    CHECK(got == std::vector{1, 2, 3});
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "generators nest as deep as a recursion goes") {
    std::function<generator<int>(int)> down_from = [&](int n) {
        return generator<int>({.stack_size_bytes = 64 * 1024}, [&down_from, n](auto yield) {
            yield(n);
            if (n == 0) return;
            auto rest = down_from(n - 1);
            for (int each : rest) yield(each);
        });
    };
    CHECK(collect(down_from(40)).size() == 41);
}

TEST_CASE_FIXTURE(support::leak_check, "references are yielded uncopied, values may be moved from") {
    std::string text = "the one";
    generator<std::string&> by_reference([&](auto yield) { yield(text); });
    for (std::string& each : by_reference) CHECK(&each == &text);
    generator<const std::string&> by_const_reference([&](auto yield) {
        yield(text);
        yield("a temporary");
    });
    auto at = by_const_reference.begin();
    CHECK(&*at == &text);
    ++at;
    CHECK(*at == "a temporary");
    CHECK(at->size() == 11);
    generator<std::unique_ptr<int>> move_only([](auto yield) {
        yield(std::make_unique<int>(1));
        auto named = std::make_unique<int>(2);
        yield(std::move(named));
    });
    std::vector<std::unique_ptr<int>> taken;
    for (auto& each : move_only) taken.push_back(std::move(each));
    CHECK(taken.size() == 2);
    CHECK(*taken[1] == 2);
    generator<std::string> copies([&](auto yield) { yield(text); });
    for (std::string& each : copies) each += " changed";
    CHECK(text == "the one");
}

TEST_CASE_FIXTURE(support::leak_check, "one fiber after another may ask it") {
    auto numbers = count_from(1);
    std::vector<int> got;
    auto at = numbers.begin();
    auto take_two = [&] {
        for (int i = 0; i < 2; ++i, ++at) {
            got.push_back(*at);
            green::yield();
        }
    };
    auto one = green::spawn(take_two);
    auto other = green::spawn(take_two);
    one.join();
    other.join();
    take_two();
    CHECK(got.size() == 6);
    CHECK(*at == 7);
}

TEST_CASE_FIXTURE(support::virtual_time, "it may sleep inside, and the one who asks parks, under his own timeouts") {
    generator<int> ticks([](auto yield) {
        for (int n = 1;; ++n) {
            green::sleep(1s);
            yield(n);
        }
    });
    int others_turns = 0;
    auto other = green::spawn([&] {
        for (; others_turns < 3; ++others_turns) green::sleep(500ms);
    });
    auto at = ticks.begin();
    CHECK(*at == 1);
    CHECK(others_turns == 1);
    ++at;
    CHECK(others_turns == 3);
    other.join();
    CHECK_FALSE(green::with_timeout(100ms, [&] { ++at; }));
    CHECK(at == ticks.end());  // the cancellation went through its function
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout around a yield is in force inside only") {
    generator<int> g([](auto yield) {
        for (int n = 0;; ++n)
            if (!green::with_timeout(1s, [&] {
                    yield(n);
                    green::sleep(1h);
                }))
                yield(-1);
    });
    auto at = g.begin();
    for (int n = 0; n < 3; ++n) {
        CHECK(*at == n);
        green::sleep(10s);
        ++at;
        CHECK(*at == -1);
        green::timeout mine(1h);
        ++at;
        green::sleep(10s);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a kill of the one who waits for a value unwinds the function") {
    bool unwound = false;
    std::optional<generator<int>> g;
    auto consumer = green::spawn([&] {
        g.emplace([&](auto yield) {
            sets guard{unwound};
            green::sleep(1h);
            yield(1);
        });
        g->begin();
    });
    green::yield();
    consumer.kill();
    CHECK(unwound);
    CHECK(g->begin() == g->end());
}

TEST_CASE_FIXTURE(support::leak_check, "asking it while it computes is refused, by itself and by another fiber") {
    std::optional<generator<int>> g;
    std::string by_itself;
    g.emplace([&](auto yield) {
        by_itself = what_of([&] { ++g->begin(); });
        green::yield();
        yield(1);
    });
    auto other = green::spawn([&] { return what_of([&] { ++g->begin(); }); });
    CHECK(*g->begin() == 1);
    CHECK(contains(by_itself, "while it computes"));
    CHECK(contains(other.get(), "while it computes"));
}

TEST_CASE_FIXTURE(support::leak_check, "other threads and hub callbacks are refused") {
    auto g = count_from(1);
    std::string on_thread, in_callback;
    std::thread([&] { on_thread = what_of([&] { g.begin(); }); }).join();
    green::hub::current().call_soon([&] { in_callback = what_of([&] { g.begin(); }); });
    green::yield();
    CHECK(contains(on_thread, "belongs to another thread"));
    CHECK(contains(in_callback, "inside a hub callback"));
    CHECK(*g.begin() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "its function may move it to another parent, without harm to the one who asks") {
    green::greenlet<int()> asker([] {
        generator<int> numbers([](auto yield) {
            yield(1);
            green::current_greenlet().set_parent(green::current_greenlet().parent());
            yield(2);
        });
        auto at = numbers.begin();
        return *++at;
    });
    CHECK(asker.switch_to() == 2);
    CHECK(asker.dead());
    green::greenlet_handle left;
    const auto here = green::current_greenlet();
    green::greenlet<void()> waits([&] {
        generator<int>([&](auto) {
            left = green::current_greenlet();
            here.switch_to();
        }).begin();
    });
    waits.switch_to();
    left.set_parent(here);
    CHECK_FALSE(waits.dead());
}

TEST_CASE_FIXTURE(support::leak_check, "yielding on another stack than the generator's is refused") {
    std::string in_greenlet, afterwards;
    std::optional<generator<int>::yielder> kept;
    {
        generator<int> g([&](auto yield) {
            kept = yield;
            green::greenlet<void()>([&] { in_greenlet = what_of([&] { yield(1); }); }).switch_to();
            yield(2);
        });
        CHECK(*g.begin() == 2);
        afterwards = what_of([&] { (*kept)(3); });
    }
    CHECK(contains(in_greenlet, "another stack than its own"));
    CHECK(contains(afterwards, "another stack than its own"));
}

TEST_CASE_FIXTURE(support::leak_check, "a function that yields while it is unwound is told again") {
    generator<int> g([](auto yield) {
        try {
            yield(1);
        } catch (const green::greenlet_exit&) {
            yield(2);
        }
    });
    CHECK(*g.begin() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a small stack can be asked for, and an impossible one is refused") {
    CHECK(collect(generator<int>({.stack_size_bytes = 16 * 1024}, [](auto yield) { yield(1); })).size() == 1);
    CHECK_THROWS_WITH_AS(generator<int>({.stack_size_bytes = 1}, [](auto) {}),
                         "green: stack_size_bytes = 1: a stack has from 16384 to 1073741824 bytes", std::invalid_argument);
}

TEST_CASE_FIXTURE(support::leak_check, "a loop over itself is refused, not empty") {
    std::string said;
    generator<int>* itself = nullptr;
    generator<int> g([&](auto yield) {
        said = what_of([&] {
            for (int n : *itself) (void)n;
        });
        yield(1);
    });
    itself = &g;
    CHECK(*g.begin() == 1);
    CHECK(!said.empty());
}

SCENARIO_IN_CHILD(drops_a_generator_of_its_own_function) {
    std::unique_ptr<generator<int>> g;
    g = std::make_unique<generator<int>>([&](auto yield) {
        yield(1);
        g.reset();
        yield(2);
    });
    ++g->begin();
}
SCENARIO_IN_CHILD(replaces_a_generator_that_another_fiber_asks) {
    generator<int> g([](auto) { green::sleep(1h); });
    auto asks = green::spawn([&] { g.begin(); });
    green::yield();
    g = count_from(1);
}

TEST_CASE("a generator that goes away while it computes says so") {
    for (const char* scenario :
         {"drops_a_generator_of_its_own_function", "replaces_a_generator_that_another_fiber_asks"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(contains(end.errors, "a generator goes away while it computes"));
    }
}

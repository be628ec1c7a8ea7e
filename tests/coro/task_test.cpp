// SPDX-License-Identifier: BSL-1.0
// Tasks that await tasks: what runs when, what travels up, and what it costs.
#include <green/coro/task.h>

#include <green/green.h>

#include <support/child.h>
#include <support/contains.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
namespace coro = green::coro;

namespace {

coro::task<int> number(int n) {
    co_return n;
}

coro::task<int> slow_number(int n) {
    co_await coro::yield();
    co_return n;
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a task runs when it is awaited, and not before") {
    std::string log;
    auto child = [&]() -> coro::task<void> {
        log += "child;";
        co_return;
    };
    auto parent = [&]() -> coro::task<void> {
        auto later = child();
        log += "parent;";
        co_await std::move(later);
        log += "end;";
    };
    green::block_on(parent());
    CHECK(log == "parent;child;end;");
}

TEST_CASE_FIXTURE(support::leak_check, "a task that nobody awaits never runs, and its arguments are destroyed") {
    auto witness = std::make_shared<int>();
    bool ran = false;
    auto body = [&](std::shared_ptr<int>) -> coro::task<void> {
        ran = true;
        co_return;
    };
    { auto dropped = body(witness); }
    CHECK_FALSE(ran);
    CHECK(witness.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "results of every kind: values, references, move-only objects, nothing") {
    int referenced = 1;
    auto all = [&]() -> coro::task<void> {
        CHECK(co_await number(7) == 7);
        auto reference = [&]() -> coro::task<int&> { co_return referenced; };
        CHECK(&co_await reference() == &referenced);
        auto only_moved = []() -> coro::task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
        CHECK(*co_await only_moved() == 3);
    };
    green::block_on(all());
    auto handle = coro::spawn(all());
    green::block_on(handle);
    CHECK(handle.succeeded());
}

TEST_CASE_FIXTURE(support::leak_check, "what a task throws is thrown at the co_await, through every level") {
    auto thrower = []() -> coro::task<int> {
        co_await coro::yield();
        throw std::runtime_error("deep");
    };
    auto middle = [&]() -> coro::task<int> { co_return co_await thrower() + 1; };
    auto top = [&]() -> coro::task<std::string> {
        try {
            co_await middle();
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "nothing";
    };
    CHECK(green::block_on(top()) == "deep");
    CHECK(green::block_on(coro::spawn(top())) == "deep");
}

TEST_CASE_FIXTURE(support::leak_check, "a million awaits do not grow the stack") {
    auto sum = []() -> coro::task<long> {
        long total = 0;
        for (int i = 0; i < 1'000'000; ++i) total += co_await number(i);
        co_return total;
    };
    CHECK(green::block_on(sum()) == 499'999'500'000);
    CHECK(green::block_on(coro::spawn(sum())) == 499'999'500'000);
}

namespace {
coro::task<int> depth(int levels) {
    if (levels == 0) {
        co_await coro::yield();  // suspends the whole chain, innermost first
        co_return 0;
    }
    co_return 1 + co_await depth(levels - 1);
}
}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "neither does a chain of a hundred thousand") {
    CHECK(green::block_on(coro::spawn(depth(100'000))) == 100'000);
    CHECK(green::block_on(depth(100'000)) == 100'000);
}

TEST_CASE_FIXTURE(support::leak_check, "tasks take turns in the order in which they were spawned") {
    std::string log;
    auto worker = [&](char name) -> coro::task<void> {
        for (int i = 0; i < 3; ++i) {
            log += name;
            co_await coro::yield();
        }
    };
    auto a = coro::spawn(worker, 'a');
    auto b = coro::spawn(worker, 'b');
    auto c = green::spawn([&] {
        for (int i = 0; i < 3; ++i) {
            log += 'c';
            green::yield();
        }
    });
    CHECK(log.empty());  // never inline
    green::block_on(a);
    green::block_on(b);
    c.join();
    CHECK(log == "abcabcabc");
}

TEST_CASE_FIXTURE(support::leak_check, "a stackful wait inside a task is refused by name, and the task goes on") {
    std::string said;
    auto careless = [&]() -> coro::task<int> {
        try {
            green::sleep(1ms);
        } catch (const std::logic_error& error) {
            said = error.what();
        }
        co_return co_await slow_number(5);
    };
    CHECK(green::block_on(coro::spawn(careless())) == 5);
    CHECK(said.find("sleep would park inside a coroutine") != std::string::npos);
}

TEST_CASE_FIXTURE(support::leak_check, "but a task that a fiber runs may park that fiber") {
    auto bold = []() -> coro::task<int> {
        green::sleep(1ms);
        co_return co_await slow_number(5);
    };
    CHECK(green::block_on(bold()) == 5);
}

SCENARIO_IN_CHILD(awaits_a_task_twice) {
    green::block_on([]() -> coro::task<void> {
        auto once = number(1);
        co_await std::move(once);
        co_await std::move(once);
    }());
}
SCENARIO_IN_CHILD(runs_a_task_twice) {
    auto once = number(1);
    green::block_on(std::move(once));
    green::block_on(std::move(once));
}
SCENARIO_IN_CHILD(spawns_a_task_twice) {
    auto once = number(1);
    coro::spawn(std::move(once));
    coro::spawn(std::move(once));
}

TEST_CASE("a task that is used twice says so, and aborts") {
    for (const char* scenario : {"awaits_a_task_twice", "runs_a_task_twice", "spawns_a_task_twice"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(support::contains(end.errors, "a task that was awaited, spawned or moved from already"));
    }
}

TEST_CASE_FIXTURE(support::leak_check, "block_on() in a task is refused") {
    auto nested = []() -> coro::task<bool> {
        try {
            green::block_on(number(1));
        } catch (const std::logic_error& error) {
            co_return std::string(error.what()).find("co_await") != std::string::npos;
        }
        co_return false;
    };
    CHECK(green::block_on(coro::spawn(nested())));
}

TEST_CASE_FIXTURE(support::virtual_time, "sleeping takes as long as it should, in both ways to run a task") {
    auto sleeper = []() -> coro::task<green::duration> {
        const auto begin = green::hub::current().now();
        co_await coro::sleep(250ms);
        co_return green::hub::current().now() - begin;
    };
    CHECK(green::block_on(sleeper()) == 250ms);
    CHECK(green::block_on(coro::spawn(sleeper())) == 250ms);
}

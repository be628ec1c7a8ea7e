// SPDX-License-Identifier: BSL-1.0
#include <green/sync/future.h>

#include <support/child.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a future gives its value to all who wait, again and again") {
    green::promise<int> p;
    std::vector<green::fiber<int>> fibers;
    for (int i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([f = p.get_future()] { return f.get() + f.get(); }));
    green::yield();
    p.set_value(21);
    for (auto& f : fibers) CHECK(f.get() == 42);
    CHECK(p.get_future().get() == 21);
}

TEST_CASE_FIXTURE(support::virtual_time, "a future throws the error that was supplied") {
    green::promise<void> p;
    auto f = p.get_future();
    auto waiter = green::spawn([f] { f.get(); });
    green::yield();
    p.set_exception(std::make_exception_ptr(std::runtime_error("no")));
    CHECK_THROWS_AS(waiter.get(), std::runtime_error);
    CHECK_THROWS_AS(f.get(), std::runtime_error);
    CHECK(f.ready());
}

TEST_CASE_FIXTURE(support::virtual_time, "supplying twice is refused and changes nothing") {
    green::promise<int> p;
    p.set_value(1);
    CHECK_THROWS_AS(p.set_value(2), std::future_error);
    CHECK_THROWS_AS(p.set_exception(std::make_exception_ptr(3)), std::future_error);
    CHECK(p.get_future().get() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a value whose constructor throws was not supplied") {
    struct picky {
        explicit picky(int i) {
            if (i == 0) throw std::invalid_argument("zero");
        }
    };
    green::promise<picky> p;
    CHECK_THROWS_AS(p.set_value(0), std::invalid_argument);
    CHECK(!p.get_future().ready());
    p.set_value(1);
    CHECK(p.get_future().ready());
}

TEST_CASE_FIXTURE(support::virtual_time, "a promise that goes without a value is broken") {
    green::future<int> f;
    CHECK(!f.valid());
    {
        green::promise<int> p;
        f = p.get_future();
        green::promise<int> moved = std::move(p);
        CHECK(!f.ready());
    }
    try {
        f.get();
        FAIL("no error");
    } catch (const std::future_error& e) {
        CHECK(e.code() == std::future_errc::broken_promise);
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "waiting for a future gives up at its timeout") {
    green::promise<int> p;
    auto f = p.get_future();
    CHECK(!f.wait_for(1s));
    CHECK(clock.elapsed() == 1s);
    p.set_value(1);
    CHECK(f.wait_for(0s));
}

TEST_CASE_FIXTURE(support::virtual_time, "a value that cannot be copied is moved out of a future that goes away") {
    green::promise<std::unique_ptr<int>> p;
    p.set_value(std::make_unique<int>(5));
    CHECK(*p.get_future().get() == 5);
}

TEST_CASE_FIXTURE(support::virtual_time, "callbacks run on the hub, in order, never inline, also after the fact") {
    std::vector<int> calls;
    green::promise<int> p;
    auto f = p.get_future();
    f.on_ready([&](const green::future<int>& ready) { calls.push_back(ready.get()); });
    f.on_ready([&](const green::future<int>&) { calls.push_back(2); });
    p.set_value(1);
    f.on_ready([&](const green::future<int>&) { calls.push_back(3); });
    CHECK(calls.empty());
    green::sleep(1s);
    CHECK(calls == std::vector{1, 2, 3});
}

TEST_CASE_FIXTURE(support::leak_check, "a callback runs on the thread that registered it") {
    green::promise<int> p;
    std::thread::id called_on;
    p.get_future().on_ready([&](const green::future<int>&) { called_on = std::this_thread::get_id(); });
    auto waiter = green::spawn([f = p.get_future()] { return f.get(); });
    std::thread([p = std::move(p)]() mutable {
        p.set_value(9);
        CHECK(green::hub::current_or_null() == nullptr);
    }).join();
    CHECK(waiter.get() == 9);
    green::sleep(1ms);
    CHECK(called_on == std::this_thread::get_id());
}

TEST_CASE_FIXTURE(support::leak_check, "a callback of a thread that has ended is destroyed uncalled") {
    green::promise<int> p;
    green::future<void> called;
    std::thread([&] {
        green::promise<void> answer;
        called = answer.get_future();
        p.get_future().on_ready(
            [answer = std::move(answer)](const green::future<int>&) mutable { answer.set_value(); });
    }).join();
    CHECK_FALSE(called.ready());
    p.set_value(1);
    CHECK_THROWS_AS(called.get(), std::future_error);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a callback of a thread that has ended is not called by a later one that has got its hub") {
    green::promise<int> p;
    green::hub* home = nullptr;
    auto witness = std::make_shared<int>();
    std::thread([&] {
        home = &green::hub::current();
        p.get_future().on_ready([witness](const green::future<int>&) { FAIL_CHECK("called"); });
    }).join();
    std::thread([&] {
        REQUIRE(&green::hub::current() == home);
        p.set_value(1);
        green::sleep(1ms);
    }).join();
    CHECK(witness.use_count() == 1);
}

SCENARIO_IN_CHILD(gets_from_an_empty_future) { (void)green::future<int>().get(); }
SCENARIO_IN_CHILD(waits_for_an_empty_future) { green::future<void>().wait_for(1ms); }
SCENARIO_IN_CHILD(sets_a_moved_promise) {
    green::promise<int> p;
    auto other = std::move(p);
    p.set_value(1);
}

TEST_CASE("a future or promise that shares in no value says so, and aborts") {
    for (const char* scenario : {"gets_from_an_empty_future", "waits_for_an_empty_future", "sets_a_moved_promise"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(end.errors.find("shares in no value") != std::string::npos);
    }
}

// SPDX-License-Identifier: BSL-1.0
// Tasks that are spawned for another thread's hub; twin of fiber/spawn_on_test.cpp.
#include <green/coro/spawn.h>

#include <green/green.h>

#include <support/ending_thread.h>
#include <support/error_of.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

namespace {

coro::task<int> nap_and_count(std::shared_ptr<int> held) {
    co_await coro::sleep(1us);
    co_return ++*held;
}

coro::task<std::pair<std::thread::id, int>> one_more(int n) {
    co_await coro::yield();
    co_return std::pair(std::this_thread::get_id(), n + 1);
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "coro::spawn_on runs a task on another thread, and its result comes back") {
    support::other_hub there;
    const auto [id, number] = green::block_on(coro::spawn_on(*there, one_more(41)));
    CHECK(id != std::this_thread::get_id());
    CHECK(number == 42);
    auto again = coro::spawn_on(*there, [](int n) { return one_more(n); }, 1);
    CHECK(green::block_on(again).second == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "coro::spawn_on one's own hub is a spawn") {
    bool ran = false;
    auto task = coro::spawn_on(green::hub::current(), [&]() -> coro::task<void> {
        ran = true;
        co_return;
    });
    CHECK_FALSE(ran);
    green::block_on(task);
    CHECK(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "what a task throws on another thread comes back, and its name goes there") {
    support::other_hub there;
    auto task = coro::spawn_on(*there, {.name = "remote"}, []() -> coro::task<void> {
        co_await coro::sleep(1us);
        throw std::runtime_error("from " + green::detail::running_agent().name());
    });
    CHECK_THROWS_WITH_AS(green::block_on(task), "from remote", std::runtime_error);
}

TEST_CASE_FIXTURE(support::leak_check, "tasks of two threads await each other many times") {
    support::other_hub there;
    green::hub& here = green::hub::current();
    auto answer = [](int i) -> coro::task<int> { co_return i; };
    auto ask = [&](int i) -> coro::task<int> { co_return co_await coro::spawn_on(here, answer, i).get(); };
    int sum = 0;
    for (int i = 0; i < 500; ++i) sum += green::block_on(coro::spawn_on(*there, ask, i));
    CHECK(sum == 500 * 499 / 2);
}

TEST_CASE_FIXTURE(support::leak_check, "many threads spawn tasks onto one hub") {
    std::atomic<int> count{0}, running{4};
    green::hub& here = green::hub::current();
    auto add = [&]() -> coro::task<void> {
        ++count;
        co_return;
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<coro::join_handle<void>> tasks;
            for (int i = 0; i < 200; ++i) tasks.push_back(coro::spawn_on(here, add));
            for (auto& each : tasks) green::block_on(each);
            --running;
        });
    while (running > 0) green::sleep(100us);
    for (auto& each : threads) each.join();
    CHECK(count == 800);
}

TEST_CASE_FIXTURE(support::leak_check, "a task on another thread is killed, and what it holds dies over there") {
    support::other_hub there;
    std::thread::id died_on;
    struct note {
        std::thread::id& where;
        ~note() { where = std::this_thread::get_id(); }
    };
    std::atomic<bool> sleeps{false};
    auto task = coro::spawn_on(*there, [&]() -> coro::task<void> {
        const note holds{died_on};
        sleeps = true;
        co_await coro::sleep(1h);
    });
    while (!sleeps) green::sleep(100us);
    task.kill_soon();
    green::block_on(task);
    CHECK(task.was_killed());
    CHECK(died_on != std::thread::id());
    CHECK(died_on != std::this_thread::get_id());
}

TEST_CASE_FIXTURE(support::leak_check, "a task for a thread that has ended ends at once, with an error that says so") {
    green::hub& theirs = support::hub_of_an_ended_thread();
    auto held = std::make_shared<int>(0);
    auto task = coro::spawn_on(theirs, {.name = "too late"}, nap_and_count(held));
    CHECK(task.ended());
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
    CHECK(support::error_of([&] { green::block_on(task); }) == std::errc::no_such_process);
    CHECK(support::what_of([&] { green::block_on(task); }).find("\"too late\" never ran") != std::string::npos);
    bool linked = false;
    task.link([&] { linked = true; });
    green::yield();
    CHECK(linked);
}

TEST_CASE("a task that its thread never takes up ends with that thread, with an error") {
    for (const bool has_fibers : {false, true}) {
        std::promise<green::hub*> known;
        std::promise<void> spawned;
        std::thread other([&] {
            if (has_fibers) green::yield();
            known.set_value(&green::hub::current());
            spawned.get_future().wait();  // blocks the thread
        });
        auto held = std::make_shared<int>(0);
        auto task = coro::spawn_on(*known.get_future().get(), nap_and_count(held));
        spawned.set_value();
        CHECK(support::error_of([&] { green::block_on(task); }) == std::errc::no_such_process);
        CHECK(*held == 0);
        other.join();
        CHECK(held.use_count() == 1);
    }
}

TEST_CASE("whatever task is spawned for threads that come and go ends") {
    std::atomic<green::hub*> target{&support::hub_of_an_ended_thread()};
    std::atomic<bool> over{false};
    std::atomic<int> ended{0}, spawned{0};
    auto turn = []() -> coro::task<void> { co_await coro::yield(); };
    std::vector<std::thread> spawners;
    for (int i = 0; i < 2; ++i)
        spawners.emplace_back([&] {
            do {
                auto task = coro::spawn_on(*target, turn);
                ++spawned;
                green::block_on([](coro::join_handle<void> of) -> coro::task<void> { co_await of.join(); }(task));
                (void)task.error();
                ++ended;
            } while (!over);
        });
    for (int generation = 0; generation < 200; ++generation)
        std::thread([&] {
            green::yield();
            target = &green::hub::current();
            green::sleep(10us);
        }).join();
    over = true;
    for (auto& each : spawners) each.join();
    CHECK(ended == spawned);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a group's tasks on another hub end before it, are killed with it, and their errors reach it") {
    support::other_hub there;
    std::atomic<int> ran{0}, unwound{0};
    std::atomic<bool> stays{false};
    green::with_task_group([&](green::task_group& group) {
        group.spawn_on(*there, [&]() -> coro::task<void> {
            ran += green::hub::current_or_null() == &*there;
            co_return;
        });
        group.spawn_on(*there, {.name = "named"}, one_more(1));
    });
    CHECK(ran == 1);

    auto fail = []() -> coro::task<void> {
        co_await coro::yield();
        throw std::runtime_error("over there");
    };
    auto stay = [&]() -> coro::task<void> {
        struct note {
            std::atomic<int>& unwound;
            ~note() { ++unwound; }
        } n{unwound};
        stays = true;
        co_await coro::sleep(1h);
    };
    CHECK(support::what_of([&] {
              green::with_task_group([&](green::task_group& group) {
                  group.spawn_on(*there, stay);
                  while (!stays) green::sleep(100us);
                  group.spawn_on(*there, fail);
                  green::sleep(1h);
              });
          }).find("over there") != std::string::npos);
    CHECK(unwound == 1);
}

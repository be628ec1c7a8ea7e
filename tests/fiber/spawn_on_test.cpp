// SPDX-License-Identifier: BSL-1.0
// Fibers of several threads.
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

// A thread whose hub runs until the object goes.
class other_hub {
  public:
    other_hub() : thread_([this] { run(); }) {
        while (!hub_.load()) green::sleep(50us);
    }
    ~other_hub() {
        main_.kill_soon();
        thread_.join();
    }
    green::hub& operator*() const { return *hub_.load(); }

  private:
    void run() {
        main_ = green::fiber_handle::current();
        hub_ = &green::hub::current();
        try {
            green::sleep_until(green::never);
        } catch (const green::fiber_exit&) {
        }
    }

    green::fiber_handle main_;
    std::atomic<green::hub*> hub_{nullptr};
    std::thread thread_;
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "spawn_on runs a fiber on another thread, and its result comes back") {
    other_hub there;
    auto fiber = green::spawn_on(*there, [](int n) { return std::pair(std::this_thread::get_id(), n + 1); }, 41);
    auto [id, number] = fiber.get();
    CHECK(id != std::this_thread::get_id());
    CHECK(number == 42);
}

TEST_CASE_FIXTURE(support::leak_check, "spawn_on one's own hub is a spawn") {
    bool ran = false;
    auto fiber = green::spawn_on(green::hub::current(), [&] { ran = true; });
    CHECK_FALSE(ran);
    fiber.join();
    CHECK(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "an exception on another thread comes back, and a name goes there") {
    other_hub there;
    auto fiber = green::spawn_on(*there, {.name = "remote"}, [] {
        green::sleep(1us);
        throw std::runtime_error(green::fiber_handle::current().name());
    });
    CHECK_THROWS_WITH_AS(fiber.get(), "remote", std::runtime_error);
}

TEST_CASE_FIXTURE(support::leak_check, "an impossible stack size ends the remote fiber with that error") {
    other_hub there;
    bool ran = false;
    auto fiber = green::spawn_on(*there, {.stack_size_bytes = std::size_t{1} << 40}, [&] { ran = true; });
    CHECK_THROWS_AS(fiber.get(), std::invalid_argument);
    CHECK_FALSE(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of two threads join each other many times") {
    other_hub there;
    green::hub& here = green::hub::current();
    int sum = 0;
    for (int i = 0; i < 500; ++i)
        sum += green::spawn_on(*there, [&here, i] { return green::spawn_on(here, [i] { return i; }).get(); }).get();
    CHECK(sum == 500 * 499 / 2);
}

TEST_CASE_FIXTURE(support::leak_check, "many threads spawn onto one hub") {
    std::atomic<int> count{0};
    green::hub& here = green::hub::current();
    std::vector<std::thread> threads;
    std::atomic<int> running{4};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<green::fiber<void>> fibers;
            for (int i = 0; i < 200; ++i) fibers.push_back(green::spawn_on(here, [&] { ++count; }));
            for (auto& each : fibers) each.join();
            --running;
        });
    while (running > 0) green::sleep(100us);
    for (auto& each : threads) each.join();
    CHECK(count == 800);
}

TEST_CASE_FIXTURE(support::leak_check, "what a remote fiber holds dies over there, also when all handles are gone") {
    other_hub there;
    auto held = std::make_shared<int>(0);
    green::spawn_on(*there, [held] { green::sleep(1us); });
    while (held.use_count() > 1) green::sleep(100us);
    CHECK(held.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a remote fiber that never started ends with its thread") {
    green::fiber<int> never_run;
    {
        other_hub there;
        // Arrives while the thread is on its way out, or ends before.
        never_run = green::spawn_on(*there, [] {
            green::sleep(1h);
            return 1;
        });
    }
    never_run.join();
    CHECK(never_run.was_killed());
}

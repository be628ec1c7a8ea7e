// SPDX-License-Identifier: BSL-1.0
#include <green/sync/pool.h>

#include <support/ending_thread.h>
#include <support/error_of.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/sync/timeout.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a pool runs no more fibers at a time than it holds") {
    green::pool p(2);
    int running = 0, most = 0;
    for (int i = 0; i < 6; ++i)
        p.spawn([&] {
            most = std::max(most, ++running);
            green::sleep(1s);
            --running;
        });
    CHECK(clock.elapsed() == 2s);
    CHECK(p.full());
    p.join();
    CHECK(most == 2);
    CHECK(clock.elapsed() == 3s);
    CHECK(p.free_count() == 2);
}

TEST_CASE("a pool that nothing could count is refused in its own name") {
    const std::string said = support::what_of([] { green::pool p(SIZE_MAX); });
    CHECK(said.starts_with("green: pool: a capacity of 18446744073709551615,"));
    CHECK(green::pool(PTRDIFF_MAX).free_count() == PTRDIFF_MAX);
}

TEST_CASE_FIXTURE(support::virtual_time, "a pool of zero is always full") {
    green::pool p(0);
    CHECK(p.full());
    CHECK(!p.try_spawn([] {}).valid());
    CHECK(!green::with_timeout(1s, [&] { p.spawn([] {}); }));
    CHECK(p.empty());
}

TEST_CASE("members of a pool take options, and one that is refused gives its place back") {
    green::pool p(2);
    const auto own_name = [] { return green::fiber_handle::current().name(); };
    CHECK(p.spawn({.name = "first"}, own_name).get() == "first");
    CHECK(p.try_spawn({.name = "second"}, own_name).get() == "second");
    CHECK_THROWS_AS(p.spawn({.stack_size_bytes = 1}, own_name), std::invalid_argument);
    CHECK_THROWS_AS(p.try_spawn({.stack_size_bytes = 1}, own_name), std::invalid_argument);
    CHECK(p.free_count() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "killed members give their places back, also those that never ran") {
    green::pool p(2);
    p.spawn([] { green::sleep(1h); });
    green::yield();
    p.spawn([] {});
    CHECK(!p.try_spawn([] {}).valid());
    p.kill();
    CHECK(p.free_count() == 2);
    auto f = p.try_spawn([] { return 1; });
    CHECK(f.get() == 1);
    p.add(green::spawn([] { green::sleep(1s); }));
    p.join();
    CHECK(p.free_count() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "map gives the results in the order of the items") {
    green::pool p(3);
    std::vector<int> items(10);
    std::iota(items.begin(), items.end(), 0);
    auto results = p.map(items, [](int i) {
        green::sleep((10 - i) * 1ms);
        return std::to_string(i);
    });
    REQUIRE(results.size() == 10);
    for (int i = 0; i < 10; ++i) CHECK(results[static_cast<std::size_t>(i)] == std::to_string(i));
    int sum = 0;
    p.map(items, [&](int i) { sum += i; });
    CHECK(sum == 45);
    CHECK(p.map(std::vector<int>{}, [](int i) { return i; }).empty());
}

TEST_CASE_FIXTURE(support::virtual_time, "map moves items and results that cannot be copied") {
    green::pool p(1);
    auto results = p.map(std::vector{1, 2}, [](int i) { return std::make_unique<int>(i); });
    CHECK(*results[1] == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "an error in map surfaces after the other tasks were killed") {
    green::pool p(3);
    int alive = 0;
    CHECK_THROWS_AS(p.map(std::vector{1, 2, 3},
                          [&](int i) {
                              struct note {
                                  int& alive;
                                  explicit note(int& a) : alive(a) { ++alive; }
                                  ~note() { --alive; }
                              } n(alive);
                              green::sleep(i * 1s);
                              if (i == 1) throw std::runtime_error("first");
                              return i;
                          }),
                    std::runtime_error);
    CHECK(alive == 0);
    CHECK(p.empty());
    CHECK(clock.elapsed() == 1s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a cancelled map leaves no task behind") {
    green::pool p(2);
    CHECK(!green::with_timeout(1s, [&] { p.map(std::vector{1, 2, 3}, [](int) { green::sleep(1h); }); }));
    CHECK(p.empty());
    CHECK(p.free_count() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a task that cannot be started leaves its place in the pool") {
    struct throws_when_moved {
        throws_when_moved() = default;
        throws_when_moved(const throws_when_moved&) = default;
        throws_when_moved(throws_when_moved&& from) : moves_left(from.moves_left - 1) {
            if (moves_left == 0) throw std::runtime_error("one move too many");
        }
        void operator()() const {}
        int moves_left = 3;
    };
    green::pool p(1);
    const throws_when_moved task;
    for (int left = 1; left <= 3; ++left) {
        throws_when_moved copy = task;
        copy.moves_left = left;
        try {
            p.spawn(copy);
        } catch (const std::runtime_error&) {
        }
        p.join();
        CHECK(p.free_count() == 1);
    }
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a pool serves several threads, and runs no more fibers at a time than it holds") {
    green::pool p(2);
    std::atomic<int> running{0}, most{0}, done{0};
    auto work = [&] {
        for (int i = 0; i < 50; ++i)
            p.spawn([&] {
                const int now = ++running;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                green::sleep(10us);
                --running, ++done;
            });
    };
    std::thread other([&] {
        work();
        p.join();
    });
    work();
    p.join();
    other.join();
    p.join();
    CHECK(done == 100);
    CHECK(most <= 2);
    CHECK(p.free_count() == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "at the end of its thread map() outlives the fibers that it has started") {
    bool is_there = false, was_there = false;
    support::on_a_thread_that_ends([&] {
        return green::spawn([&] {
            support::present present(is_there);
            green::pool p(2);
            p.map(std::vector{1}, [&](int) {
                support::ends_late late{is_there, was_there};
                green::sleep(1h);
            });
        });
    });
    CHECK(was_there);
}

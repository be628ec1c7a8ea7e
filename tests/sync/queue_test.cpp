// SPDX-License-Identifier: BSL-1.0
#include <green/sync/queue.h>

#include <support/contains.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/coro/spawn.h>
#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/timeout.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "a queue gives items out in the order in which they were put") {
    green::queue<int> q;
    for (int i = 0; i < 20; ++i) q.put(i);
    CHECK(q.size() == 20);
    for (int i = 0; i < 20; ++i) CHECK(q.get() == i);
    CHECK(q.empty());
}

TEST_CASE_FIXTURE(support::virtual_time, "a ring that has wrapped around keeps its order when it grows") {
    green::queue<std::string> q;
    for (int i = 0; i < 6; ++i) q.put(std::to_string(i));
    for (int i = 0; i < 5; ++i) CHECK(q.get() == std::to_string(i));
    for (int i = 6; i < 30; ++i) q.put(std::to_string(i));
    for (int i = 5; i < 30; ++i) CHECK(q.get() == std::to_string(i));
}

TEST_CASE_FIXTURE(support::virtual_time, "a last-in-first-out queue gives the newest item first") {
    green::lifo_queue<int> q;
    q.put(1), q.put(2), q.put(3);
    CHECK(q.get() == 3);
    q.put(4);
    CHECK(q.get() == 4);
    CHECK(q.get() == 2);
    CHECK(q.get() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a priority queue gives the greatest item first") {
    green::priority_queue<int> greatest;
    green::priority_queue<int, std::greater<int>> least;
    for (int i : {3, 1, 4, 1, 5}) greatest.put(i), least.put(i);
    CHECK(greatest.get() == 5);
    CHECK(greatest.get() == 4);
    CHECK(least.get() == 1);
    CHECK(least.get() == 1);
    CHECK(least.get() == 3);
}

TEST_CASE_FIXTURE(support::virtual_time, "a put into a full queue waits for room, and putters are served in order") {
    green::queue<int> q(1);
    q.put(0);
    int done = 0;
    std::vector<green::fiber<void>> putters;
    for (int i = 1; i <= 3; ++i) putters.push_back(green::spawn([&, i] { q.put(i), ++done; }));
    green::yield();
    CHECK(done == 0);
    CHECK(q.full());
    for (int i = 0; i <= 3; ++i) CHECK(q.get() == i);
    for (auto& p : putters) p.join();
    CHECK(done == 3);
}

TEST_CASE_FIXTURE(support::leak_check, "where nothing may park put() names the call that never does") {
    green::queue<int> q;
    std::string in_callback, in_task;
    auto put = [&q](std::string& said) {
        try {
            q.put(1);
        } catch (const std::logic_error& refusal) {
            said = refusal.what();
        }
        q.try_put(2);
    };
    green::hub::current().call_soon([&] { put(in_callback); });
    green::coro::spawn([&]() -> green::coro::task<void> {
        put(in_task);
        co_return;
    });
    CHECK(q.get() == 2);
    CHECK(q.get() == 2);
    CHECK(support::contains(in_callback, "queue::put would park inside a hub callback; spawn a fiber"));
    CHECK(support::contains(in_callback, "or call queue::try_put, which never waits"));
    CHECK(support::contains(in_task, "co_await its twin in green::coro, or call queue::try_put, which never waits"));
    CHECK(q.empty());
}

TEST_CASE_FIXTURE(support::virtual_time, "getters are served in the order in which they came") {
    green::queue<int> q;
    std::vector<green::fiber<int>> getters;
    for (int i = 0; i < 3; ++i) getters.push_back(green::spawn([&] { return q.get(); }));
    green::yield();
    for (int i = 0; i < 3; ++i) q.put(i);
    CHECK(!q.try_get());  // they are the getters' already
    for (int i = 0; i < 3; ++i) CHECK(getters[static_cast<std::size_t>(i)].get() == i);
}

TEST_CASE_FIXTURE(support::virtual_time, "a put that timed out has put nothing and leaves the item with its caller") {
    green::queue<std::unique_ptr<int>> q(1);
    q.put(std::make_unique<int>(1));
    auto second = std::make_unique<int>(2);
    CHECK(!q.put_for(std::move(second), 1ms));
    CHECK(second);
    CHECK(!q.try_put(std::move(second)));
    CHECK(second);
    CHECK(*q.get() == 1);
    CHECK(q.empty());
    CHECK(q.put_for(std::move(second), 1ms));
    CHECK(!second);
    CHECK(*q.get() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a getter that gave up takes nothing") {
    green::queue<int> q;
    CHECK(!q.get_for(1ms));
    CHECK(!q.try_get());
    auto victim = green::spawn([&] { q.get(); });
    auto next = green::spawn([&] { return q.get(); });
    green::yield();
    victim.kill();
    q.put(7);
    CHECK(next.get() == 7);
}

TEST_CASE_FIXTURE(support::virtual_time, "a getter killed between being chosen and running loses nothing") {
    green::queue<int> q;
    int got = 0;
    auto victim = green::spawn([&] {
        got = q.get();
        green::yield();
        got = -1;
    });
    green::yield();
    q.put(7);
    victim.kill();
    CHECK(got == 7);
    CHECK(q.empty());
}

TEST_CASE_FIXTURE(support::virtual_time, "a putter killed while waiting has put nothing") {
    green::queue<int> q(1);
    q.put(1);
    auto victim = green::spawn([&] { q.put(2); });
    green::yield();
    victim.kill();
    CHECK(q.get() == 1);
    CHECK(!q.try_get());
}

TEST_CASE_FIXTURE(support::virtual_time, "without room a put waits for a get") {
    green::queue<int> q(0);
    CHECK(!q.try_put(1));
    bool put = false;
    auto putter = green::spawn([&] { q.put(1), put = true; });
    green::yield();
    CHECK(!put);
    CHECK(q.get() == 1);
    putter.join();
    auto getter = green::spawn([&] { return q.get(); });
    green::yield();
    CHECK(q.try_put(2));
    CHECK(getter.get() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "shutting a queue down lets getters take what is left and then fails them") {
    green::queue<int> q;
    q.put(1), q.put(2);
    q.shutdown();
    CHECK(q.is_shut_down());
    CHECK(q.get() == 1);
    CHECK(q.try_get() == 2);
    CHECK_THROWS_AS(q.get(), green::queue_closed);
    CHECK_THROWS_AS((void)q.try_get(), green::queue_closed);
    CHECK_THROWS_AS((void)q.get_for(1s), green::queue_closed);
    CHECK_THROWS_AS(q.put(3), green::queue_closed);
    CHECK_THROWS_AS((void)q.try_put(3), green::queue_closed);
}

TEST_CASE_FIXTURE(support::virtual_time, "shutting a queue down wakes all who wait for it") {
    green::queue<int> empty, full(1);
    full.put(0);
    int closed = 0;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 2; ++i) {
        fibers.push_back(green::spawn([&] {
            try {
                empty.get();
            } catch (const green::queue_closed&) {
                ++closed;
            }
        }));
        fibers.push_back(green::spawn([&] {
            try {
                full.put(1);
            } catch (const green::queue_closed&) {
                ++closed;
            }
        }));
    }
    green::yield();
    empty.shutdown(), full.shutdown();
    for (auto& f : fibers) f.join();
    CHECK(closed == 4);
    CHECK(full.get() == 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "a loop over a queue ends when it is shut down and empty") {
    green::queue<int> q;
    auto sum = green::spawn([&] {
        int total = 0;
        for (int i : q) total += i;
        return total;
    });
    for (int i = 1; i <= 4; ++i) q.put(i);
    green::yield();
    q.put(5);
    q.shutdown();
    CHECK(sum.get() == 15);
}

TEST_CASE_FIXTURE(support::virtual_time, "join waits until every item is done with") {
    green::queue<int> q;
    CHECK_THROWS_AS(q.task_done(), std::system_error);
    q.put(1), q.put(2);
    CHECK(!q.join_for(1ms));
    auto worker = green::spawn([&] {
        for (int i = 0; i < 2; ++i) {
            q.get();
            green::yield();
            q.task_done();
        }
    });
    q.join();
    CHECK(q.empty());
    CHECK_THROWS_AS(q.task_done(), std::system_error);
    worker.join();
    q.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout is not swallowed by a get with a longer one") {
    green::queue<int> q;
    CHECK(!green::with_timeout(1ms, [&] { q.get_for(10s); }));
}

TEST_CASE_FIXTURE(support::leak_check, "threads without a hub put and get without one") {
    green::queue<int> q;
    auto getter = green::spawn([&] { return q.get(); });
    green::yield();
    std::thread([&] {
        CHECK(q.try_put(1));
        CHECK(q.try_put(2));
        CHECK(q.try_get() == 2);
        CHECK(green::hub::current_or_null() == nullptr);
    }).join();
    CHECK(getter.get() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "no item is lost or doubled between threads with timeouts on both sides") {
    for (std::size_t capacity : {std::size_t{0}, std::size_t{2}, green::queue<int>::unbounded}) {
        green::queue<int> q(capacity);
        constexpr int per_putter = 150;
        std::vector<int> got[2];
        std::atomic<int> received{0};
        auto get_all = [&](std::vector<int>& into) {
            try {
                for (;;)
                    if (auto item = q.get_for(30us)) into.push_back(*item), ++received;
            } catch (const green::queue_closed&) {
            }
        };
        auto put_all = [&](int first) {
            for (int i = first; i < first + per_putter; ++i)
                while (!q.put_for(int(i), 30us)) {
                }
        };
        std::thread far([&] {
            auto f = green::spawn(put_all, 0);
            put_all(per_putter);
            f.join();
            get_all(got[1]);
        });
        auto putter = green::spawn(put_all, 2 * per_putter);
        auto getter = green::spawn([&] { get_all(got[0]); });
        putter.join();
        green::spawn([&] {
            while (received < 3 * per_putter) green::sleep(100us);
            q.shutdown();
        }).join();
        getter.join();
        far.join();
        std::set<int> all(got[0].begin(), got[0].end());
        all.insert(got[1].begin(), got[1].end());
        CHECK(all.size() == 3 * per_putter);
        CHECK(got[0].size() + got[1].size() == 3 * per_putter);
    }
}

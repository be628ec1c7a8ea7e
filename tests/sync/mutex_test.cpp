// SPDX-License-Identifier: BSL-1.0
#include <green/sync/mutex.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/fiber/scheduler.h>
#include <green/hub/hub.h>
#include <green/sync/event.h>

#include <array>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

using support::error_of;

TEST_CASE_FIXTURE(support::virtual_time, "a mutex is handed to the fiber that has waited longest") {
    green::mutex m;
    m.lock();
    std::vector<int> order;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([&, i] {
            std::lock_guard guard(m);
            order.push_back(i);
            green::yield();
        }));
    green::yield();
    m.unlock();
    CHECK(!m.try_lock());  // it is the first waiter's already
    for (auto& f : fibers) f.join();
    CHECK(order == std::vector{0, 1, 2});
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "three fibers that keep taking a mutex all make progress") {
    green::mutex m;
    std::array<int, 3> turns{};
    std::vector<green::fiber<void>> fibers;
    for (std::size_t i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([&, i] {
            for (int n = 0; n < 20; ++n) {
                std::lock_guard guard(m);
                ++turns[i];
                green::yield();
                CHECK(turns[i] - turns[(i + 1) % 3] <= 1);
            }
        }));
    for (auto& f : fibers) f.join();
    CHECK(turns == std::array{20, 20, 20});
}

TEST_CASE_FIXTURE(support::leak_check, "unlocking a mutex that another fiber holds is refused and changes nothing") {
    green::mutex m;
    CHECK(error_of([&] { m.unlock(); }) == std::errc::operation_not_permitted);
    m.lock();
    auto thief = green::spawn([&] { return error_of([&] { m.unlock(); }); });
    CHECK(thief.get() == std::errc::operation_not_permitted);
    std::thread([&] { CHECK(error_of([&] { m.unlock(); }) == std::errc::operation_not_permitted); }).join();
    CHECK(m.held_by_this_fiber());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "locking a mutex that this fiber holds is refused as a deadlock") {
    green::mutex m;
    std::unique_lock lock(m);
    CHECK(error_of([&] { m.lock(); }) == std::errc::resource_deadlock_would_occur);
    CHECK(error_of([&] { (void)m.try_lock_for(1s); }) == std::errc::resource_deadlock_would_occur);
    CHECK(!m.try_lock());
    CHECK(m.held_by_this_fiber());
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber refused a lock can be killed before it runs again") {
    green::mutex m;
    auto f = green::spawn([&] {
        std::lock_guard guard(m);
        CHECK(error_of([&] { m.lock(); }) == std::errc::resource_deadlock_would_occur);
        green::yield();
    });
    green::yield();
    f.kill();
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber that gives up waiting for a mutex leaves its queue") {
    green::mutex m;
    m.lock();
    auto impatient = green::spawn([&] { return m.try_lock_for(1ms); });
    auto victim = green::spawn([&] { m.lock(); });
    auto patient = green::spawn([&] {
        bool had = m.try_lock_for(10s);
        m.unlock();
        return had;
    });
    CHECK(!impatient.get());
    victim.kill();
    m.unlock();
    CHECK(patient.get());
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed after a mutex was handed to it holds it until it unwinds") {
    green::mutex m;
    m.lock();
    bool inside = false;
    auto f = green::spawn([&] {
        std::lock_guard guard(m);
        inside = true;
        green::yield();
        inside = false;
    });
    green::yield();
    m.unlock();
    f.kill();
    CHECK(inside);
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "a mutex whose owner has ended fails its present and later lockers") {
    green::mutex m;
    auto careless = green::spawn([&] {
        m.lock();
        green::yield();
    });
    green::yield();
    auto present = green::spawn([&] { return error_of([&] { m.lock(); }); });
    CHECK(present.get() == std::errc::owner_dead);
    CHECK(careless.ended());
    CHECK(error_of([&] { m.lock(); }) == std::errc::owner_dead);
    CHECK(error_of([&] { (void)m.try_lock(); }) == std::errc::owner_dead);
}

TEST_CASE_FIXTURE(support::leak_check, "a mutex held by a thread that ends fails those who wait for it elsewhere") {
    green::mutex m;
    green::event held, waiting;
    std::thread owner([&] {
        m.lock();
        held.set();
        waiting.wait();
    });
    held.wait();
    auto locker = green::spawn([&] { return error_of([&] { m.lock(); }); });
    green::yield();
    waiting.set();
    owner.join();
    CHECK(locker.get() == std::errc::owner_dead);
}

TEST_CASE_FIXTURE(support::leak_check, "a guarded mutex goes on to the next when its holder's thread ends") {
    green::mutex m;
    green::event held;
    support::other_hub there;
    green::spawn_on(*there, [&] {
        std::lock_guard guard(m);
        held.set();
        green::sleep(1h);
    });
    held.wait();
    auto next = green::spawn([&] { std::lock_guard guard(m); });
    green::yield();
    there.end();
    next.get();
}

TEST_CASE_FIXTURE(support::leak_check, "a mutex unlocked in time is not abandoned when its owner ends") {
    green::mutex m;
    green::spawn([&] { std::lock_guard guard(m); }).join();
    std::thread([&] { std::lock_guard guard(m); }).join();
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "one who waits for a mutex says who holds it") {
    green::mutex m;
    auto owner = green::spawn({.name = "the owner"}, [&] {
        std::lock_guard guard(m);
        green::yield();
        green::yield();
    });
    auto waiter = green::spawn({.name = "the waiter"}, [&] { std::lock_guard guard(m); });
    green::yield();
    const std::string parked = green::detail::scheduler::current().list_parked();
    CHECK(parked.find("the waiter: mutex::lock held by \"the owner\"") != std::string::npos);
    waiter.join();
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of several threads exclude each other") {
    green::mutex m;
    int counter = 0;
    auto count = [&] {
        for (int i = 0; i < 300; ++i) {
            std::lock_guard guard(m);
            int seen = counter;
            if (i % 16 == 0) green::yield();
            counter = seen + 1;
        }
    };
    std::thread other([&] {
        auto f = green::spawn(count);
        auto g = green::spawn(count);
        f.join(), g.join();
    });
    auto f = green::spawn(count);
    count();
    f.join();
    other.join();
    CHECK(counter == 1200);
}

TEST_CASE_FIXTURE(support::leak_check, "locks that time out while others hand the mutex on leave it whole") {
    green::mutex m;
    int counter = 0, had = 0;
    auto hurry = [&] {
        int mine = 0;
        for (int i = 0; i < 200; ++i) {
            if (!m.try_lock_for(10us)) continue;
            ++counter, ++mine;
            green::yield();
            m.unlock();
        }
        return mine;
    };
    int elsewhere = 0;
    std::thread other([&] { elsewhere = hurry(); });
    auto f = green::spawn(hurry);
    had = hurry() + f.get();
    other.join();
    CHECK(counter == had + elsewhere);
    CHECK(m.try_lock());
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "std::lock takes two mutexes without deadlock") {
    green::mutex a, b;
    auto swap = [](green::mutex& first, green::mutex& second) {
        for (int i = 0; i < 50; ++i) {
            std::scoped_lock both(first, second);
            green::yield();
        }
    };
    auto f = green::spawn([&] { swap(a, b); });
    swap(b, a);
    f.join();
}

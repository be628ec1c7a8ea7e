// SPDX-License-Identifier: BSL-1.0
#include <green/sync/shared_mutex.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <green/fiber/scheduler.h>
#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/event.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

using support::error_of;

TEST_CASE_FIXTURE(support::virtual_time, "readers share a mutex and a writer has it alone") {
    green::shared_mutex m;
    int inside = 0, most = 0;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 3; ++i)
        fibers.push_back(green::spawn([&] {
            std::shared_lock reading(m);
            most = std::max(most, ++inside);
            green::yield();
            --inside;
        }));
    fibers.push_back(green::spawn([&] {
        std::unique_lock writing(m);
        CHECK(inside == 0);
        CHECK(!m.try_lock_shared());
        green::yield();
        CHECK(inside == 0);
    }));
    for (auto& f : fibers) f.join();
    CHECK(most == 3);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a waiting writer goes before readers who come later, and they after it together") {
    green::shared_mutex m;
    std::string order;
    m.lock_shared();
    auto writer = green::spawn([&] {
        std::unique_lock lock(m);
        order += 'w';
        green::yield();
    });
    green::yield();
    CHECK(!m.try_lock_shared());
    auto read = [&] {
        std::shared_lock lock(m);
        order += 'r';
        green::yield();
        order += 'e';
    };
    auto a = green::spawn(read), b = green::spawn(read);
    green::yield();
    CHECK(order.empty());
    m.unlock_shared();
    a.join(), b.join(), writer.join();
    CHECK(order == "wrree");
}

TEST_CASE_FIXTURE(support::virtual_time, "a writer that gives up lets the readers behind it in") {
    green::shared_mutex m;
    m.lock_shared();
    bool read = false;
    auto writer = green::spawn([&] { return m.try_lock_for(1s); });
    green::yield();
    auto reader = green::spawn([&] {
        std::shared_lock lock(m);
        read = true;
    });
    green::yield();
    CHECK(!read);
    CHECK(!writer.get());
    reader.join();
    CHECK(read);
    auto killed = green::spawn([&] { m.lock(); });
    auto next = green::spawn([&] { m.lock_shared(), m.unlock_shared(); });
    green::yield();
    killed.kill();
    next.join();
    m.unlock_shared();
}

TEST_CASE_FIXTURE(support::virtual_time, "locking attempts on a shared mutex time out without a trace") {
    green::shared_mutex m;
    m.lock();
    CHECK(!green::spawn([&] { return m.try_lock_shared_for(1s); }).get());
    CHECK(!green::spawn([&] { return m.try_lock_for(1s); }).get());
    CHECK(!green::spawn([&] { return m.try_lock(); }).get());
    CHECK(clock.elapsed() == 2s);
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
    CHECK(m.try_lock_shared());
    CHECK(!m.try_lock());
    m.unlock_shared();
}

TEST_CASE_FIXTURE(support::virtual_time, "wrong use of a shared mutex is refused and changes nothing") {
    green::shared_mutex m;
    CHECK(error_of([&] { m.unlock(); }) == std::errc::operation_not_permitted);
    CHECK(error_of([&] { m.unlock_shared(); }) == std::errc::operation_not_permitted);
    m.lock();
    CHECK(error_of([&] { m.lock(); }) == std::errc::resource_deadlock_would_occur);
    CHECK(error_of([&] { m.lock_shared(); }) == std::errc::resource_deadlock_would_occur);
    CHECK(green::spawn([&] { return error_of([&] { m.unlock(); }); }).get() == std::errc::operation_not_permitted);
    m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "a shared mutex whose writer has ended fails present and later lockers") {
    green::shared_mutex m;
    green::spawn([&] {
        m.lock();
        green::spawn([&] {
            CHECK(error_of([&] { m.lock_shared(); }) == std::errc::owner_dead);
            CHECK(error_of([&] { m.lock(); }) == std::errc::owner_dead);
        });
        green::yield();
    }).join();
    green::yield();
    CHECK(error_of([&] { (void)m.try_lock_shared(); }) == std::errc::owner_dead);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a shared mutex of a thread that ends is abandoned, or goes on to the next when it was guarded") {
    enum { careless, guarded, guarded_reader };
    for (auto how : {careless, guarded, guarded_reader}) {
        green::shared_mutex m;
        green::event held;
        support::other_hub there;
        green::spawn_on(*there, [&] {
            std::unique_lock writing(m, std::defer_lock);
            std::shared_lock reading(m, std::defer_lock);
            how == careless ? m.lock() : how == guarded ? writing.lock() : reading.lock();
            held.set();
            green::sleep(1h);
        });
        held.wait();
        auto writer = green::spawn([&] { return error_of([&] { std::unique_lock lock(m); }); });
        auto reader = green::spawn([&] { return error_of([&] { std::shared_lock lock(m); }); });
        green::yield();
        there.end();
        const auto expected = how == careless ? std::make_error_code(std::errc::owner_dead) : std::error_code();
        CHECK(writer.get() == expected);
        CHECK(reader.get() == expected);
    }
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a fiber killed after a shared mutex was handed to it holds it until it unwinds") {
    green::shared_mutex m;
    for (bool shared : {true, false}) {
        bool had = false;
        m.lock();
        auto victim = green::spawn([&] {
            std::unique_lock writing(m, std::defer_lock);
            std::shared_lock reading(m, std::defer_lock);
            shared ? reading.lock() : writing.lock();
            had = true;
            green::yield();
            had = false;
        });
        green::yield();
        m.unlock();
        victim.kill();
        CHECK(had);
        CHECK(m.try_lock());
        m.unlock();
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "one who waits for a shared mutex says who holds it") {
    green::shared_mutex m;
    auto parked = [] { return green::detail::scheduler::current().list_parked(); };
    m.lock_shared();
    auto writer = green::spawn({.name = "writer"}, [&] {
        std::unique_lock lock(m);
        green::yield();
        green::yield();
    });
    green::yield();
    CHECK(parked().find("writer: shared_mutex::lock held by 1 readers") != std::string::npos);
    m.unlock_shared();
    auto reader = green::spawn({.name = "reader"}, [&] { std::shared_lock lock(m); });
    green::yield();
    CHECK(parked().find("reader: shared_mutex::lock_shared held by \"writer\"") != std::string::npos);
    reader.join();
}

TEST_CASE_FIXTURE(support::leak_check, "readers and writers of several threads keep out of each other's way") {
    green::shared_mutex m;
    std::atomic<int> readers{0};
    int value = 0;
    auto work = [&] {
        for (int i = 0; i < 150; ++i) {
            if (i % 3 == 0) {
                std::unique_lock lock(m);
                CHECK(readers == 0);
                ++value;
                if (i % 12 == 0) green::yield();
                CHECK(readers == 0);
            } else {
                std::shared_lock lock(m);
                ++readers;
                const int seen = value;
                if (i % 7 == 0) green::yield();
                CHECK(seen == value);
                --readers;
            }
        }
    };
    std::thread other([&] {
        auto f = green::spawn(work);
        work();
        f.join();
    });
    auto f = green::spawn(work);
    work();
    f.join();
    other.join();
    CHECK(value == 200);
}

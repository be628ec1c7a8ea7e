// SPDX-License-Identifier: BSL-1.0
#include <green/sync/recursive_mutex.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <green/bridge/block_on.h>
#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/event.h>

#include <mutex>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;
namespace coro = green::coro;

using support::error_of;
using support::what_of;

TEST_CASE_FIXTURE(support::virtual_time,
                  "the owner of a recursive mutex locks it again and gives it up with the last unlock") {
    green::recursive_mutex m;
    m.lock();
    m.lock();
    CHECK(m.try_lock());
    CHECK(m.try_lock_for(1s));
    auto other = green::spawn([&] { return m.try_lock(); });
    CHECK(!other.get());
    for (int i = 0; i < 3; ++i) m.unlock();
    CHECK(!green::spawn([&] { return m.try_lock_for(1s); }).get());
    m.unlock();
    CHECK(green::spawn([&] {
              bool had = m.try_lock();
              m.unlock();
              return had;
          }).get());
    CHECK_THROWS_AS(m.unlock(), std::system_error);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a recursive mutex is not unlocked by another fiber, however often it is locked") {
    green::recursive_mutex m;
    m.lock(), m.lock();
    CHECK(green::spawn([&] {
              try {
                  m.unlock();
              } catch (const std::system_error& e) {
                  return e.code() == std::errc::operation_not_permitted;
              }
              return false;
          }).get());
    m.unlock(), m.unlock();
}

TEST_CASE_FIXTURE(support::virtual_time, "what goes wrong with a recursive mutex is said in its own name") {
    green::recursive_mutex m;
    const auto says = [](auto&& call, const char* what) { return what_of(call).starts_with(what); };
    CHECK(says([&] { m.unlock(); }, "green: recursive_mutex::unlock: the caller does not hold it"));
    green::spawn([&] { m.lock(); }).join();
    CHECK(says([&] { m.lock(); }, "green: recursive_mutex::lock: its owner"));
    CHECK(says([&] { (void)m.try_lock(); }, "green: recursive_mutex::try_lock: its owner"));
    CHECK(says([&] { (void)m.try_lock_for(1s); }, "green: recursive_mutex::try_lock_until: its owner"));
    CHECK(says([&] { green::block_on(coro::lock(m)); }, "green: recursive_mutex::lock: its owner"));
    CHECK(says([&] { green::block_on(coro::try_lock_for(m, 1s)); },
               "green: recursive_mutex::try_lock_until: its owner"));
}

TEST_CASE_FIXTURE(support::virtual_time, "a recursive mutex goes to the next fiber in line") {
    green::recursive_mutex m;
    m.lock(), m.lock();
    bool had = false;
    auto next = green::spawn([&] {
        std::lock_guard guard(m);
        had = true;
    });
    green::yield();
    m.unlock();
    green::yield();
    CHECK(!had);
    m.unlock();
    next.join();
    CHECK(had);
}

TEST_CASE_FIXTURE(
    support::virtual_time,
    "a recursive mutex whose owner has ended fails present and later lockers, however often it was locked") {
    green::recursive_mutex m;
    auto careless = green::spawn([&] {
        m.lock(), m.lock();
        green::yield();
    });
    green::yield();
    CHECK(green::spawn([&] { return error_of([&] { m.lock(); }); }).get() == std::errc::owner_dead);
    CHECK(careless.ended());
    CHECK(error_of([&] { (void)m.try_lock(); }) == std::errc::owner_dead);
    CHECK(error_of([&] { m.unlock(); }) == std::errc::operation_not_permitted);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a recursive mutex of a thread that ends is abandoned, or goes on to the next when it was guarded") {
    for (bool guarded : {true, false}) {
        green::recursive_mutex m;
        green::event held;
        support::other_hub there;
        green::spawn_on(*there, [&] {
            m.lock();
            struct unlock {
                green::recursive_mutex* m;
                ~unlock() {
                    if (m) m->unlock();
                }
            } guard{guarded ? &m : nullptr};
            held.set();
            green::sleep(1h);
        });
        held.wait();
        auto next = green::spawn([&] {
            return error_of([&] {
                std::lock_guard once(m);
                std::lock_guard twice(m);
            });
        });
        green::yield();
        there.end();
        CHECK(next.get() == (guarded ? std::error_code() : std::make_error_code(std::errc::owner_dead)));
    }
}

TEST_CASE_FIXTURE(support::leak_check, "fibers of several threads exclude each other by a recursive mutex") {
    green::recursive_mutex m;
    int counter = 0;
    auto count = [&] {
        for (int i = 0; i < 200; ++i) {
            std::lock_guard outer(m);
            std::lock_guard inner(m);
            const int seen = counter;
            if (i % 16 == 0) green::yield();
            counter = seen + 1;
        }
    };
    std::thread other([&] {
        auto f = green::spawn(count);
        count();
        f.join();
    });
    auto f = green::spawn(count);
    count();
    f.join();
    other.join();
    CHECK(counter == 800);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/recursive_mutex.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>

#include <mutex>
#include <system_error>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "the owner of a recursive mutex locks it again and gives it up with the last unlock") {
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

TEST_CASE_FIXTURE(support::virtual_time, "a recursive mutex is not unlocked by another fiber, however often it is locked") {
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

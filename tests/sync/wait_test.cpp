// SPDX-License-Identifier: BSL-1.0
#include <green/sync/wait.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/event.h>
#include <green/sync/future.h>
#include <green/sync/select.h>
#include <green/sync/semaphore.h>
#include <green/sync/timeout.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {
green::fiber<int> ends_after(green::duration d, int result) {
    return green::spawn([=] {
        green::sleep(d);
        return result;
    });
}
green::fiber<void> fails_after(green::duration d, const char* what) {
    return green::spawn([=] {
        green::sleep(d);
        throw std::runtime_error(what);
    });
}
}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "wait_any returns the position of the first thing that is ready") {
    green::event e;
    green::promise<int> p;
    green::semaphore s(0);
    auto f = ends_after(3s, 1);
    auto future = p.get_future();
    green::spawn([&] { green::sleep(1s), s.release(); }).join();
    CHECK(green::wait_any(e, f, future, s) == 3);
    CHECK(s.available() == 1);
    CHECK(green::wait_any(e, f, future) == 1);
    p.set_value(1);
    CHECK(green::wait_any(e, future) == 1);
    e.set();
    CHECK(green::wait_any(e) == 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "wait_any over a range of fibers wakes with the first that ends") {
    std::vector<green::fiber<int>> fibers;
    for (int i : {3, 1, 2}) fibers.push_back(ends_after(i * 1s, i));
    CHECK(green::wait_any(fibers) == 1);
    CHECK(clock.elapsed() == 1s);
    green::joinall(fibers);
}

TEST_CASE_FIXTURE(support::virtual_time, "wait_any gives up at its deadline") {
    green::event a, b;
    CHECK(!green::wait_any_for(1s, a, b));
    CHECK(clock.elapsed() == 1s);
    std::deque<green::event> none;
    CHECK(!green::wait_any_for(1s, none));
}

TEST_CASE_FIXTURE(support::virtual_time, "a thing that wait_any has left is not bound to it any more") {
    auto e = std::make_unique<green::event>();
    green::event first;
    first.set();
    for (int i = 0; i < 10; ++i) CHECK(green::wait_any(*e, first) == 1);
    CHECK(!green::wait_any_for(1s, *e));
    auto victim = green::spawn([&] { green::wait_any(*e); });
    green::yield();
    victim.kill();
    e->set();
    e.reset();
}

TEST_CASE_FIXTURE(support::virtual_time, "wait_all returns when everything has been ready") {
    green::event e;
    auto f = ends_after(2s, 1);
    green::spawn([&] { green::sleep(1s), e.set(); }).join();
    CHECK(!green::wait_all_for(500ms, e, f));
    green::wait_all(e, f);
    CHECK(clock.elapsed() == 2s);
    std::vector<green::fiber<int>> fibers{f, ends_after(1s, 2)};
    green::wait_all(fibers);
    CHECK(clock.elapsed() == 3s);
}

TEST_CASE_FIXTURE(support::virtual_time, "iwait gives fibers in the order in which they end") {
    std::vector<green::fiber<int>> fibers;
    for (int i : {3, 1, 2}) fibers.push_back(ends_after(i * 1s, i));
    std::vector<int> order;
    for (auto& f : green::iwait(fibers)) order.push_back(f.get());
    CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE_FIXTURE(support::virtual_time, "iwait ends at its deadline and gives what is ready before it") {
    std::vector<green::fiber<int>> fibers{ends_after(1s, 1), ends_after(1h, 2)};
    std::vector<int> order;
    for (auto& f : green::iwait(fibers, clock.now() + 2s)) order.push_back(f.get());
    CHECK(order == std::vector{1});
    CHECK(clock.elapsed() == 2s);
    green::killall(fibers);
}

TEST_CASE_FIXTURE(support::virtual_time, "breaking out of iwait leaves nothing behind") {
    std::deque<green::event> events(3);
    events[1].set();
    for (auto& e : green::iwait(events)) {
        CHECK(&e == &events[1]);
        events[0].set();  // chosen, and not yet told
        break;
    }
    events.clear();
    green::sleep(1s);
}

TEST_CASE_FIXTURE(support::leak_check, "iwait sees events of another thread") {
    std::deque<green::event> events(20);
    std::thread setter([&] {
        for (auto& e : events) e.set();
    });
    std::size_t seen = 0;
    for (auto& e : green::iwait(events)) seen += e.is_set();
    setter.join();
    CHECK(seen == events.size());
}

TEST_CASE_FIXTURE(support::leak_check, "leaving iwait while another thread sets what it watches is harmless") {
    for (int round = 0; round < 50; ++round) {
        std::deque<green::event> events(8);
        std::thread setter([&] {
            for (auto& e : events) e.set();
        });
        for (auto& e : green::iwait(events)) {
            CHECK(e.is_set());
            break;
        }
        setter.join();
    }
    green::sleep(1ms);
}

TEST_CASE_FIXTURE(support::virtual_time, "joinall raises the earliest failure in time when asked to") {
    std::vector<green::fiber<void>> fibers{fails_after(2s, "late"), fails_after(1s, "early"),
                                           green::spawn([] { green::sleep(1h); })};
    try {
        green::joinall(fibers, true);
        FAIL("no error");
    } catch (const std::runtime_error& e) {
        CHECK(std::string(e.what()) == "early");
    }
    CHECK(clock.elapsed() == 1s);
    green::joinall(fibers);
    CHECK(clock.elapsed() == 1h);
    CHECK_THROWS_AS(fibers[0].get(), std::runtime_error);
}

TEST_CASE_FIXTURE(support::virtual_time, "joinall raises the earliest of several failures that were there before") {
    std::vector<green::fiber<void>> fibers{fails_after(2s, "late"), fails_after(1s, "early"), fails_after(3s, "last")};
    green::sleep(4s);
    CHECK_THROWS_WITH_AS(green::joinall(fibers, true), "early", std::runtime_error);
    for (auto& each : fibers) CHECK_THROWS_AS(each.get(), std::runtime_error);
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "an event set and cleared at once wakes those who wait for several things, too") {
    green::event e, never_set;
    green::channel<int> c;
    std::deque<green::event> several(1);
    auto any = green::spawn([&] { return green::wait_any(never_set, e); });
    auto selecting = green::spawn([&] { return green::select(green::on_receive(c, [](auto) {}), green::on_ready(e)); });
    auto all = green::spawn([&] { green::wait_all(e); });
    auto each = green::spawn([&] { return &*green::iwait(several).begin() == &several[0]; });
    green::yield();
    e.set(), e.clear();
    several[0].set(), several[0].clear();
    CHECK(any.get() == 1);
    CHECK(selecting.get() == 1);
    all.get();
    CHECK(each.get());
}

TEST_CASE_FIXTURE(support::virtual_time, "killall ends all fibers, and those unstarted never run") {
    int unwound = 0;
    bool ran = false;
    std::vector<green::fiber<void>> fibers;
    for (int i = 0; i < 2; ++i)
        fibers.push_back(green::spawn([&] {
            struct note {
                int& unwound;
                ~note() { ++unwound; }
            } n{unwound};
            green::sleep(1h);
        }));
    green::yield();
    fibers.push_back(green::spawn([&] { ran = true; }));
    green::killall(fibers);
    for (auto& f : fibers) CHECK(f.was_killed());
    CHECK(unwound == 2);
    CHECK(!ran);
    green::killall(fibers);
}

TEST_CASE_FIXTURE(support::virtual_time, "killall does not let a victim that unwinds start an unstarted one") {
    // The first victim yields while it unwinds; the second has not started and must not by then.
    bool ran = false;
    auto first = green::spawn([] {
        struct busy {
            ~busy() { green::yield(); }
        } b;
        green::sleep(1h);
    });
    green::yield();
    std::vector<green::fiber_handle> fibers{first, green::spawn([&] { ran = true; })};
    green::killall(fibers);
    CHECK(!ran);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber may be among those it kills, and is the last") {
    std::vector<green::fiber_handle> fibers;
    bool survived = false;
    auto killer = green::spawn([&] {
        green::killall(fibers);
        survived = true;
    });
    fibers = {killer, green::spawn([] { green::sleep(1h); })};
    killer.join();
    CHECK(!survived);
    CHECK(fibers[1].ended());
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout ends wait_any") {
    green::event a, b;
    CHECK(!green::with_timeout(1s, [&] { (void)green::wait_any_for(1h, a, b); }));
    CHECK(clock.elapsed() == 1s);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/hub/timer_heap.h>

#include <green/testing/seeded_order.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using green::time_point;
using green::detail::timer_heap;

namespace {

std::vector<int>& fired() {
    static std::vector<int> numbers;
    return numbers;
}

struct numbered : green::detail::timer {
    explicit numbered(int number) : timer(&fire), number(number) {}
    static void fire(timer& self) noexcept { fired().push_back(static_cast<numbered&>(self).number); }
    int number;
};

struct heap_test {
    heap_test() { fired().clear(); }
    timer_heap heap;
};

constexpr time_point at(green::duration d) {
    return time_point(d);
}

}  // namespace

TEST_CASE_FIXTURE(heap_test, "timers fire soonest first, and only when due") {
    numbered late(3), soon(1), middle(2);
    heap.arm(late, at(30s));
    heap.arm(soon, at(10s));
    heap.arm(middle, at(20s));
    CHECK(heap.soonest() == at(10s));
    heap.fire_until(at(20s));
    CHECK(fired() == std::vector{1, 2});
    CHECK(late.armed());
    CHECK_FALSE(soon.armed());
    CHECK(heap.deadline_of(late) == at(30s));
    heap.clear();
    CHECK_FALSE(late.armed());
    CHECK(heap.soonest() == green::never);
}

TEST_CASE_FIXTURE(heap_test, "equal deadlines fire in the order they were armed") {
    std::vector<std::unique_ptr<numbered>> timers;
    for (int i = 0; i < 100; ++i) {
        timers.push_back(std::make_unique<numbered>(i));
        heap.arm(*timers.back(), at(1s));
    }
    heap.fire_until(at(1s));
    CHECK(fired().size() == 100);
    CHECK(std::is_sorted(fired().begin(), fired().end()));
}

TEST_CASE_FIXTURE(heap_test, "equal deadlines among others fire in the order they were armed") {
    std::mt19937_64 random(green::testing::seed());
    constexpr int count = 1000, moments = 100;
    std::vector<std::unique_ptr<numbered>> timers;
    std::vector<std::vector<int>> armed_for(moments);
    for (int i = 0; i < count; ++i) {
        const auto moment = random() % moments;
        armed_for[moment].push_back(i);
        timers.push_back(std::make_unique<numbered>(i));
        heap.arm(*timers.back(), at(std::chrono::seconds(moment)));
    }
    heap.fire_until(green::never);
    std::vector<int> expected;
    for (auto& each : armed_for) expected.insert(expected.end(), each.begin(), each.end());
    CHECK(fired() == expected);
}

TEST_CASE_FIXTURE(heap_test, "a disarmed timer does not fire, the others still do") {
    numbered one(1), two(2), three(3);
    heap.arm(one, at(1s));
    heap.arm(two, at(2s));
    heap.arm(three, at(3s));
    heap.disarm(two);
    CHECK_FALSE(two.armed());
    heap.fire_until(at(1h));
    CHECK(fired() == std::vector{1, 3});
    CHECK(heap.empty());
}

TEST_CASE_FIXTURE(heap_test, "a timer that fires may arm itself again") {
    struct again : green::detail::timer {
        explicit again(timer_heap& heap) : timer(&fire), heap(heap) {}
        static void fire(timer& self) noexcept {
            auto& me = static_cast<again&>(self);
            if (++me.count < 3) me.heap.arm(me, at(1s));
        }
        timer_heap& heap;
        int count = 0;
    } timer(heap);
    heap.arm(timer, at(1s));
    heap.fire_until(at(1s));
    CHECK(timer.count == 3);
    CHECK(heap.empty());
}

TEST_CASE_FIXTURE(heap_test, "any mix of arming and disarming fires sorted") {
    std::mt19937_64 random(green::testing::seed());
    std::vector<std::unique_ptr<numbered>> timers;
    for (int i = 0; i < 500; ++i) timers.push_back(std::make_unique<numbered>(0));
    std::size_t armed = 0;
    for (int step = 0; step < 20'000; ++step) {
        numbered& timer = *timers[random() % timers.size()];
        if (timer.armed()) {
            heap.disarm(timer);
            --armed;
        } else {
            timer.number = static_cast<int>(random() % 1000);
            heap.arm(timer, at(std::chrono::seconds(timer.number)));
            ++armed;
        }
        REQUIRE(heap.size() == armed);
    }
    heap.fire_until(green::never);
    CHECK(fired().size() == armed);
    CHECK(std::is_sorted(fired().begin(), fired().end()));
}

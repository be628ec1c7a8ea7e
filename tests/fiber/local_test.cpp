// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/local.h>

#include <green/green.h>

#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "each fiber has its own value, made the first time it asks") {
    int made = 0;
    green::fiber_local<int> value([&] { return ++made * 10; });
    CHECK(made == 0);
    CHECK(*value == 10);
    *value = 5;
    CHECK(green::spawn([&] { return *value; }).get() == 20);
    CHECK(*value == 5);
    CHECK(made == 2);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "values die at the fiber's end, latest first, and may wait in their destructors") {
    struct noted {
        std::string* log = nullptr;
        char name = 0;
        ~noted() {
            if (!log) return;
            green::sleep(1us);
            *log += name;
        }
    };
    std::string log;
    green::fiber_local<noted> first, second;
    auto fiber = green::spawn([&] {
        first->log = &log;
        first->name = '1';
        second->log = &log;
        second->name = '2';
        green::yield();
    });
    green::yield();
    CHECK(log.empty());
    fiber.join();
    CHECK(log == "21");
}

TEST_CASE_FIXTURE(support::leak_check, "values of a killed fiber die, too") {
    auto held = std::make_shared<int>();
    green::fiber_local<std::shared_ptr<int>> value;
    auto fiber = green::spawn([&] {
        *value = held;
        green::sleep(1h);
    });
    green::yield();
    CHECK(held.use_count() == 2);
    fiber.kill();
    CHECK(held.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "inheritable values are copied to children, and changed on their own") {
    green::inheritable_fiber_local<std::string> user;
    green::fiber_local<std::string> own;
    auto parent = green::spawn([&] {
        *user = "ann";
        *own = "secret";
        auto child = green::spawn([&] {
            CHECK(*user == "ann");
            CHECK(own->empty());
            *user = "bob";
            return green::spawn([&] { return *user; }).get();
        });
        CHECK(child.get() == "bob");
        CHECK(*user == "ann");
    });
    parent.get();
}

TEST_CASE_FIXTURE(support::leak_check, "inheritable values go along to another hub") {
    support::other_hub there;
    green::inheritable_fiber_local<std::string> user;
    auto parent = green::spawn([&] {
        *user = "ann";
        auto child = green::spawn_on(*there, [&] { return std::exchange(*user, "bob"); });
        CHECK(child.get() == "ann");
        CHECK(*user == "ann");
    });
    parent.get();
    CHECK(green::spawn_on(*there, [&] { return *user; }).get() == "");
}

TEST_CASE("the values of a thread's main fiber die with the thread, and may wait in their destructors") {
    struct slow_to_die {
        green::duration* slept = nullptr;
        ~slow_to_die() {
            if (!slept) return;
            const auto began = green::clock::now();
            green::spawn([] {});  // its end is not what is waited for
            green::sleep(5ms);
            *slept = green::clock::now() - began;
        }
    };
    green::duration slept{};
    green::fiber_local<slow_to_die> value;
    std::thread([&] {
        value->slept = &slept;
        green::spawn([] {
            struct waits {
                ~waits() { green::sleep(1ms); }
            } at_the_end;
            green::sleep(1h);
        });
        green::yield();
    }).join();
    CHECK(slept >= 5ms);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/spawn.h>

#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/fixture.h>
#include <support/limits.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "spawn never runs inline, and spawn order is run order") {
    std::string order;
    for (char name : std::string("abc")) green::spawn([&order, name] { order += name; });
    CHECK(order.empty());
    green::yield();
    CHECK(order == "abc");
}

TEST_CASE_FIXTURE(support::leak_check, "arguments are copied or moved into the fiber, references by std::ref") {
    std::string text = "text";
    int count = 0;
    auto fiber = green::spawn(
        [](std::string copy, std::unique_ptr<int> owned, int& counted) {
            counted = *owned;
            return copy + "!";
        },
        text, std::make_unique<int>(7), std::ref(count));
    text = "changed";
    CHECK(fiber.get() == "text!");
    CHECK(count == 7);
}

TEST_CASE_FIXTURE(support::leak_check, "what the function holds dies at the fiber's end, also while handles remain") {
    auto held = std::make_shared<int>(0);
    auto fiber = green::spawn([held] { green::yield(); });
    CHECK(held.use_count() == 2);
    fiber.join();
    CHECK(held.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "results may be large, move-only, or references") {
    struct large {
        char bytes[1000] = "large";
    };
    int original = 1;
    CHECK(std::string(green::spawn([] { return large(); }).get().bytes) == "large");
    CHECK(*green::spawn([] { return std::make_unique<int>(3); }).get() == 3);
    auto reference = green::spawn([&]() -> int& { return original; });
    reference.get() = 5;
    CHECK(original == 5);
}

namespace {
// A result whose destructor waits, and uses another stack meanwhile.
class slow_to_die {
  public:
    explicit slow_to_die(int& deaths) : deaths_(&deaths) {}
    slow_to_die(slow_to_die&& other) noexcept : deaths_(std::exchange(other.deaths_, nullptr)) {}
    ~slow_to_die() {
        if (!deaths_) return;
        volatile char mine[2000] = {1};
        auto other = green::spawn([] {
            volatile char theirs[8000];
            for (volatile char& each : theirs) each = 2;
            green::sleep(1us);
        });
        green::sleep(1us);
        other.join();
        *deaths_ += mine[0];
    }

  private:
    int* deaths_;
};
}  // namespace

TEST_CASE_FIXTURE(support::leak_check,
                  "a result nobody wants may wait in its destructor, wherever the last handle goes") {
    int deaths = 0;
    auto make = [&] { return slow_to_die(deaths); };
    green::spawn(make);
    while (deaths < 1) green::sleep(1us);
    {
        auto held = green::spawn(make);
        held.join();
    }
    CHECK(deaths == 2);
    auto in_a_callback = green::spawn(make);
    in_a_callback.join();
    green::hub::current().call_soon([held = std::move(in_a_callback)] {});
    while (deaths < 3) green::sleep(1us);
    green::group group;
    group.spawn(make);
    while (deaths < 4) green::sleep(1us);
    CHECK(group.empty());
}

SCENARIO_IN_CHILD(exception_waits_in_its_destructor) {
    int deaths = 0;
    auto shared = std::make_shared<slow_to_die>(deaths);
    green::spawn([&] { throw std::move(shared); });
    while (deaths == 0) green::sleep(1us);
    std::puts("dead");
}

TEST_CASE("an exception nobody wants may wait in its destructor") {
    auto end = support::run_child("exception_waits_in_its_destructor");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "dead\n");
    CHECK(end.errors.find("nobody took") != std::string::npos);
}

TEST_CASE_FIXTURE(support::leak_check, "names default to fiber-N, and may be given") {
    auto nameless = green::spawn([] {});
    auto named = green::spawn({.name = "worker"}, [] { return green::fiber_handle::current().name(); });
    CHECK(nameless.name() == "fiber-" + std::to_string(nameless.id()));
    CHECK(named.get() == "worker");
    CHECK(green::fiber_handle::current().name() == "main");
}

TEST_CASE_FIXTURE(support::virtual_time, "spawn_after starts at its time") {
    bool started = false;
    auto fiber = green::spawn_after(5s, [&] { started = true; });
    CHECK(fiber.state() == green::fiber_state::unstarted);
    green::sleep(4s);
    CHECK_FALSE(started);
    fiber.join();
    CHECK(clock.elapsed() == 5s);
    CHECK(started);
}

TEST_CASE_FIXTURE(support::virtual_time, "spawn_after takes options and arguments") {
    auto fiber = green::spawn_after(5s, {.name = "later"}, [](int value) { return value + 1; }, 41);
    CHECK(fiber.name() == "later");
    CHECK(fiber.get() == 42);
    CHECK(clock.elapsed() == 5s);
    CHECK_THROWS_AS(green::spawn_after(5s, {.stack_size_bytes = 1}, [] {}), std::invalid_argument);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed before its time never runs, and leaves no timer") {
    bool started = false;
    auto fiber = green::spawn_after(5s, [&] { started = true; });
    fiber.kill();
    CHECK(clock.elapsed() == 0s);
    green::sleep(10s);
    CHECK_FALSE(started);
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "an impossible stack size is refused, and nothing is started") {
    bool ran = false;
    for (std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{16 * 1024 - 1}, std::size_t{1} << 40, SIZE_MAX})
        CHECK_THROWS_AS(green::spawn({.stack_size_bytes = bytes}, [&] { ran = true; }), std::invalid_argument);
    green::yield();
    CHECK_FALSE(ran);
}

TEST_CASE_FIXTURE(support::leak_check, "small and odd stack sizes work") {
    auto uses_some = [] {
        volatile char bytes[4096] = {1};
        green::yield();
        return static_cast<int>(bytes[0]);
    };
    for (std::size_t bytes : {16 * 1024, 16 * 1024 + 1, 100'000})
        CHECK(green::spawn({.stack_size_bytes = bytes}, uses_some).get() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a function whose copy throws leaves nothing behind") {
    struct throws_when_copied {
        throws_when_copied() = default;
        throws_when_copied(const throws_when_copied&) { throw std::runtime_error("no copy"); }
        void operator()() const {}
    };
    throws_when_copied f;
    CHECK_THROWS_AS(green::spawn(f), std::runtime_error);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber spawned by a fiber runs after it parks") {
    std::string order;
    auto outer = green::spawn([&] {
        auto inner = green::spawn([&] { order += 'i'; });
        order += 'o';
        inner.join();
        order += 'e';
    });
    outer.join();
    CHECK(order == "oie");
}

TEST_CASE_FIXTURE(support::leak_check, "an eager fiber runs within spawn, then its spawner, then what was ready") {
    std::string order;
    auto note = [&order](char name) {
        order += name;
        green::yield();
        order += name;
    };
    green::spawn(note, 'a');
    for (const char* name : {"", "named"}) {
        green::spawn({.name = name, .eager_start = true}, note, 'b');
        order += '.';
    }
    CHECK(order == "b.b.");
    while (order.size() < 8) green::yield();
    CHECK(order == "b.b.abba");  // the first of them went behind the one that was ready before it
}

TEST_CASE_FIXTURE(support::leak_check, "an eager fiber that needs no wait has ended when spawn returns") {
    auto fiber = green::spawn({.eager_start = true}, [] { return 7; });
    CHECK(fiber.state() == green::fiber_state::ended);
    CHECK(fiber.get() == 7);
    auto failed = green::spawn({.eager_start = true}, [] { throw std::runtime_error("at once"); });
    CHECK(failed.state() == green::fiber_state::ended);
    CHECK_THROWS_WITH_AS(failed.get(), "at once", std::runtime_error);
}

TEST_CASE_FIXTURE(support::leak_check, "an eager fiber's errno and exceptions are not its spawner's") {
    try {
        throw std::runtime_error("its spawner's");
    } catch (...) {
        errno = 5;
        green::spawn({.eager_start = true}, [] {
            CHECK(!std::current_exception());
            errno = 7;
            try {
                throw 1;
            } catch (int) {
                green::yield();
            }
        }).kill_soon();
        CHECK(errno == 5);
        CHECK_THROWS_WITH(throw, "its spawner's");
    }
}

TEST_CASE_FIXTURE(support::leak_check, "eager fibers walk a tree in depth, on few stacks") {
    int alive = 0, most = 0;
    auto walk = [&](auto&& self, int depth) -> int {
        most = std::max(most, ++alive);
        int leaves = depth == 0;
        for (int i = 0; depth > 0 && i < 3; ++i)
            leaves += green::spawn({.eager_start = true}, [&, depth] { return self(self, depth - 1); }).get();
        --alive;
        return leaves;
    };
    CHECK(walk(walk, 6) == 3 * 3 * 3 * 3 * 3 * 3);
    CHECK(most == 7);
}

TEST_CASE_FIXTURE(support::leak_check, "where nobody can be suspended, an eager fiber starts like any other") {
    std::string order;
    auto spawn_eagerly = [&](char name) {
        green::spawn({.eager_start = true}, [&order, name] { order += name; });
    };
    green::hub::current().call_soon([&] {
        spawn_eagerly('c');
        order += '.';
    });
    green::yield();
    CHECK(order == ".");
    green::block_on(green::coro::spawn([&]() -> green::coro::task<void> {
        spawn_eagerly('t');
        order += '.';
        co_return;
    }));
    green::yield();
    CHECK(order == ".c.t");
}

TEST_CASE_FIXTURE(support::leak_check, "one that starts eager fibers for ever keeps no timer from firing") {
    bool fired = false;
    green::hub::current().call_after(2ms, [&] { fired = true; });
    while (!fired) green::spawn({.eager_start = true}, [] {});
}

TEST_CASE_FIXTURE(support::virtual_time, "groups take in eager fibers that have failed or ended already") {
    green::group all;
    all.spawn({.eager_start = true}, [] {});
    CHECK(all.empty());
    auto parked = all.spawn({.eager_start = true}, [] { green::sleep(1s); });
    CHECK(parked.state() == green::fiber_state::parked);
    all.join();
    bool sibling_ended = false;
    CHECK_THROWS_WITH(green::with_task_group([&](green::task_group& group) {
                          group.spawn({.eager_start = true}, [&] {
                              green::sleep(1h);
                              sibling_ended = true;
                          });
                          group.spawn({.eager_start = true}, [] { throw std::runtime_error("at once"); });
                          green::sleep(1h);
                      }),
                      "at once");
    CHECK(!sibling_ended);
}

TEST_CASE_FIXTURE(support::leak_check, "thousands of fibers live at once") {
    const int count = support::with_thread_sanitizer ? 2'000 : 10'000;  // it knows no more than 8,128 fibers
    std::vector<green::fiber<int>> fibers;
    for (int i = 0; i < count; ++i)
        fibers.push_back(green::spawn({.stack_size_bytes = 16 * 1024}, [i] {
            green::yield();
            return i;
        }));
    int wrong = 0;
    for (int i = 0; i < count; ++i) wrong += fibers[static_cast<std::size_t>(i)].get() != i;
    CHECK(wrong == 0);
}

SCENARIO_IN_CHILD(no_memory_for_stacks) {
    green::yield();
    support::lowered_limit limit(RLIMIT_AS, std::size_t{600} << 20);
    std::vector<green::fiber<int>> fibers;
    try {
        for (;;) fibers.push_back(green::spawn({.stack_size_bytes = 8 << 20}, [] { return 1; }));
    } catch (const std::system_error& e) {
        std::printf("%s\n", e.code() == std::errc::not_enough_memory ? "ENOMEM" : e.what());
    }
    int sum = 0;
    for (auto& each : fibers) sum += each.get();
    std::printf("%s\n", sum > 10 && static_cast<std::size_t>(sum) == fibers.size() ? "the others ran" : "wrong");
    fibers.clear();
    std::printf("%d\n", green::spawn({.stack_size_bytes = 8 << 20}, [] { return 42; }).get());
}

TEST_CASE("no memory for a stack is an error, and fibers before and after it run" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("no_memory_for_stacks");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "ENOMEM\nthe others ran\n42\n");
}

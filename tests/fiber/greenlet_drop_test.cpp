// SPDX-License-Identifier: BSL-1.0
// What becomes of greenlets that nobody wants any more, and of those of fibers, threads and processes that end.
#include <green/fiber/greenlet.h>

#include <green/fiber/scheduler.h>
#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using green::current_greenlet;
using green::greenlet;
using green::switch_to_parent;

namespace {

struct sets {
    bool& flag;
    ~sets() { flag = true; }
};

struct says {
    const char* what;
    ~says() {
        std::puts(what);
        std::fflush(stdout);
    }
};

// Runs up to its first switch.
template <class F>
greenlet<void()> suspended(F f) {
    greenlet<void()> g(std::move(f));
    g.switch_to();
    return g;
}

void wait_forever() {
    for (;;) switch_to_parent();
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check,
                  "dropping the last handle of a suspended one unwinds its stack, and the dropper goes on") {
    bool unwound = false;
    std::optional<greenlet<void()>> g = suspended([&] {
        sets guard{unwound};
        wait_forever();
    });
    std::optional<green::greenlet_handle> copy = *g;
    g.reset();
    CHECK_FALSE(unwound);
    copy.reset();
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "an unstarted one is simply destroyed") {
    auto held = std::make_shared<int>(0);
    bool ran = false;
    { greenlet<void()> g([held, &ran] { ran = true; }); }
    CHECK(held.use_count() == 1);
    CHECK_FALSE(ran);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "while it is unwound the dropper is its parent, and gets nothing of what it gives") {
    int seen = 0;
    green::greenlet_handle dropper;
    auto g = suspended([&] {
        try {
            wait_forever();
        } catch (const green::greenlet_exit&) {
            CHECK(green::current_greenlet().parent() == dropper);
            ++seen;
            throw;
        }
    });
    greenlet<void()>([&, g = std::move(g)]() mutable {
        dropper = current_greenlet();
        g = {};
        ++seen;
    }).switch_to();
    CHECK(seen == 2);
}

TEST_CASE_FIXTURE(support::leak_check, "one that answers the exit by switching away is told again") {
    int times = 0;
    auto g = suspended([&] {
        while (++times < 3) {
            try {
                wait_forever();
            } catch (const green::greenlet_exit&) {
            }
        }
    });
    g = {};
    CHECK(times == 3);
}

TEST_CASE_FIXTURE(support::leak_check, "what a greenlet held dies with it, other greenlets included") {
    bool inner_unwound = false, outer_unwound = false;
    auto inner = suspended([&] {
        sets guard{inner_unwound};
        wait_forever();
    });
    auto outer = suspended([&outer_unwound, inner = std::move(inner)] {
        sets guard{outer_unwound};
        wait_forever();
    });
    outer = {};
    CHECK(outer_unwound);
    CHECK(inner_unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "a child keeps its parent alive until it goes itself") {
    bool unwound = false;
    greenlet<void()> child;
    auto parent = suspended([&] {
        sets guard{unwound};
        child = greenlet<void()>([] {});
        wait_forever();
    });
    parent = {};
    CHECK_FALSE(unwound);
    child = {};
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "one whose handles went while it ran is unwound when it switches away") {
    bool unwound = false;
    greenlet<int()> g;
    g = greenlet<int()>([&] {
        sets guard{unwound};
        g = {};
        CHECK_FALSE(unwound);
        return switch_to_parent<int>(5);
    });
    CHECK(greenlet<int()>(g).switch_to() == 5);
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "one without handles that waits for a child is not unwound") {
    std::string order;
    greenlet<void()> g;
    g = greenlet<void()>([&] {
        g = {};
        greenlet<void()>([&] { order += "child "; }).switch_to();
        order += "parent";
    });
    g.switch_to();
    CHECK(order == "child parent");
}

TEST_CASE_FIXTURE(support::leak_check, "one that has run to its end without handles gives everything back") {
    greenlet<int()> g;
    g = greenlet<int()>([&] {
        g = {};
        return 3;
    });
    CHECK(g.switch_to() == 3);
}

TEST_CASE_FIXTURE(support::leak_check, "destructors may sleep, and neither kill nor scope cuts them short") {
    bool slept = false, slept_below = false;
    struct sleeps {
        bool& slept;
        ~sleeps() {
            green::sleep(2ms);
            slept = true;
        }
    };
    auto dropper = green::spawn([&] {
        green::cancel_scope scope;
        auto g = suspended([&] {
            try {
                wait_forever();
            } catch (const green::greenlet_exit&) {
                { sleeps in_a_handler{slept}; }  // nothing is on its way through this stack
                greenlet<void()>([&] { sleeps in_one_that_it_calls{slept_below}; }).switch_to();
                throw;
            }
        });
        scope.cancel();
        g = {};
        CHECK(slept);
        CHECK(slept_below);
        CHECK_THROWS_AS(green::sleep(1h), green::fiber_exit);
        CHECK_THROWS_AS(green::sleep(1h), green::cancelled);
    });
    green::yield();
    dropper.kill();
    CHECK(slept);
}

TEST_CASE_FIXTURE(support::leak_check, "a greenlet may be dropped while another error is on its way") {
    bool unwound = false;
    auto throws = [&] {
        auto g = suspended([&] {
            sets guard{unwound};
            wait_forever();
        });
        throw std::runtime_error("on its way");
    };
    CHECK_THROWS_WITH_AS(throws(), "on its way", std::runtime_error);
    CHECK(unwound);
}

SCENARIO_IN_CHILD(errors_when_dropped) {
    greenlet<void()> g({.name = "unlucky"}, [] {
        try {
            switch_to_parent();
        } catch (const green::greenlet_exit&) {
            throw std::runtime_error("while leaving");
        }
    });
    g.switch_to();
    g = {};
    std::puts("goes on");
}

TEST_CASE("another error that comes out of one that is dropped is reported, not raised") {
    auto end = support::run_child("errors_when_dropped");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "goes on\n");
    CHECK(end.errors == "green: greenlet \"unlucky\" was dropped and ended with an exception: while leaving\n");
}

SCENARIO_IN_CHILD(refuses_to_end) {
    greenlet<void()> stubborn({.name = "stubborn"}, [] {
        for (;;) {
            try {
                wait_forever();
            } catch (const green::greenlet_exit&) {
            }
        }
    });
    stubborn.switch_to();
    stubborn = {};
    std::puts("goes on");
}
SCENARIO_IN_CHILD(switches_in_a_destructor) {
    struct switches {
        ~switches() { switch_to_parent(); }
    };
    greenlet<void()> rude({.name = "rude"}, [] {
        switches guard;
        wait_forever();
    });
    rude.switch_to();
    rude = {};
    std::puts("goes on");
}

TEST_CASE("one that would not end is abandoned, by name") {
    auto end = support::run_child("refuses_to_end");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "goes on\n");
    CHECK(end.errors == "green: greenlet \"stubborn\" was dropped and would not end; abandoned\n");
}

// The exception on its way through the abandoned stack is a leak.
TEST_CASE("one that switches away in a destructor, where nothing can be thrown, is abandoned" *
          doctest::skip(support::with_address_sanitizer)) {
    auto end = support::run_child("switches_in_a_destructor");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "goes on\n");
    CHECK(end.errors == "green: greenlet \"rude\" was dropped and would not end; abandoned\n");
}

TEST_CASE_FIXTURE(support::leak_check, "one that hands itself to somebody while it is unwound lives on") {
    green::greenlet_handle rescued;
    int times = 0;
    auto g = suspended([&] {
        try {
            wait_forever();
        } catch (const green::greenlet_exit&) {
            ++times;
        }
        rescued = current_greenlet();
        for (;;) {
            try {
                switch_to_parent();
                ++times;
            } catch (const green::greenlet_exit&) {
                if (!rescued.valid()) throw;
            }
        }
    });
    g = {};
    REQUIRE_FALSE(rescued.dead());
    rescued.switch_to();
    CHECK(times == 2);
    rescued = {};
}

TEST_CASE_FIXTURE(support::virtual_time, "the waits of one that lives on after all can be cancelled again") {
    green::greenlet_handle rescued;
    bool cut_short = false;
    auto g = suspended([&] {
        for (bool told = true; told;) {
            try {
                switch_to_parent();
                told = false;
            } catch (const green::greenlet_exit&) {
                rescued = current_greenlet();
            }
        }
        try {
            green::sleep(1h);
        } catch (const green::cancelled&) {
            cut_short = true;
            throw;
        }
    });
    g = {};
    REQUIRE_FALSE(rescued.dead());
    CHECK_FALSE(green::with_timeout(1s, [&] { rescued.switch_to(); }));
    CHECK(cut_short);
}

TEST_CASE_FIXTURE(support::leak_check, "dropped on another thread it is unwound on its own") {
    std::thread::id unwound_on;
    struct remembers {
        std::thread::id& where;
        ~remembers() { where = std::this_thread::get_id(); }
    };
    auto g = suspended([&] {
        remembers guard{unwound_on};
        wait_forever();
    });
    auto held = std::make_shared<int>(0);
    greenlet<void()> unstarted([held] {});
    std::thread([g = std::move(g), unstarted = std::move(unstarted)] {}).join();
    while (unwound_on == std::thread::id() || held.use_count() > 1) green::sleep(100us);
    CHECK(unwound_on == std::this_thread::get_id());
}

TEST_CASE_FIXTURE(support::leak_check, "handles may be copied and dropped by many threads while it runs") {
    bool unwound = false;
    auto g = suspended([&] {
        sets guard{unwound};
        wait_forever();
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([copy = g] {
            for (int i = 0; i < 2000; ++i) {
                green::greenlet_handle another = copy;
                green::greenlet_handle taken_over = std::move(another);
            }
        });
    for (int i = 0; i < 2000; ++i) greenlet<void()>(g).switch_to();
    for (auto& each : threads) each.join();
    CHECK_FALSE(unwound);
    g = {};
    while (!unwound) green::sleep(100us);
}

TEST_CASE_FIXTURE(support::leak_check, "dropped in a hub callback it is unwound by a fiber") {
    bool slept = false;
    struct sleeps {
        bool& slept;
        ~sleeps() {
            green::sleep(1ms);
            slept = true;
        }
    };
    auto g = suspended([&] {
        sleeps guard{slept};
        wait_forever();
    });
    green::hub::current().call_soon([g = std::make_shared<greenlet<void()>>(std::move(g))] {});
    while (!slept) green::sleep(1ms);
    CHECK(slept);
}

TEST_CASE_FIXTURE(support::leak_check, "dropped by another fiber it is unwound there, unless its own is running it") {
    bool unwound = false;
    greenlet<void()> g;
    auto runner = green::spawn([&] {
        g = greenlet<void()>([&] {
            sets guard{unwound};
            green::yield(), green::yield();
            switch_to_parent();
        });
        greenlet<void()>(g).switch_to();
        CHECK(unwound);
    });
    green::yield();
    g = {};
    CHECK_FALSE(unwound);
    runner.join();
    bool unwound_elsewhere = false;
    auto left = green::spawn([&] {
        return suspended([&] {
            sets guard{unwound_elsewhere};
            wait_forever();
        });
    }).get();
    left = {};
    CHECK(unwound_elsewhere);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "one that is a fiber's result, and that nobody takes, is unwound at that fiber's end") {
    bool unwound = false;
    green::spawn([&] {
        return suspended([&] {
            sets guard{unwound};
            wait_forever();
        });
    });
    green::yield();
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "a long line of unstarted parents is destroyed without recursion") {
    const int count = support::with_thread_sanitizer ? 5'000 : 20'000;  // it knows no more than 8,128 flows
    green::greenlet_handle last;
    for (int i = 0; i < count; ++i) last = greenlet<void()>({.stack_size_bytes = 16 * 1024, .parent = last}, [] {});
    CHECK_FALSE(last.dead());
}

TEST_CASE("a thread that ends unwinds its suspended greenlets, and handles elsewhere stay good") {
    bool unwound = false;
    green::greenlet_handle finished, left, never_run;
    auto held = std::make_shared<int>(0);
    std::thread([&] {
        greenlet<int()> f([] { return 1; });
        f.switch_to();
        finished = f;
        left = suspended([&] {
            sets guard{unwound};
            wait_forever();
        });
        struct sleeps {
            ~sleeps() {
                if (held) green::sleep(1ms);
            }
            std::shared_ptr<int> held;
            void operator()() const {}
        };
        never_run = greenlet<void()>(sleeps{held});
    }).join();
    CHECK(unwound);
    CHECK(held.use_count() == 1);
    for (auto* each : {&finished, &left, &never_run}) CHECK(each->dead());
    CHECK_THROWS_AS(left.switch_to(), std::logic_error);
}

TEST_CASE("one that is created by the last destructors of its thread lets go of its callable, and never runs") {
    struct creates_one {
        ~creates_one() {
            if (into) *into = greenlet<void()>([held = held] {});
        }
        green::greenlet_handle* into = nullptr;
        std::shared_ptr<int> held;
    };
    green::greenlet_handle late;
    auto held = std::make_shared<int>(0);
    green::fiber_local<creates_one> local;
    std::thread([&] {
        local->held = held;
        local->into = &late;
    }).join();
    REQUIRE(late.valid());
    CHECK(late.dead());
    CHECK(held.use_count() == 1);
}

TEST_CASE("one that is known only to its own callable at the end of its thread lets go of that once") {
    struct counts {
        counts(int& count, std::shared_ptr<green::greenlet_handle> self) : count(&count), self(std::move(self)) {}
        counts(counts&& other) noexcept : count(std::exchange(other.count, nullptr)), self(std::move(other.self)) {}
        ~counts() {
            if (count) ++*count;
        }
        void operator()() const {}
        int* count;
        std::shared_ptr<green::greenlet_handle> self;
    };
    struct creates_one {
        ~creates_one() {
            if (!count) return;
            auto self = std::make_shared<green::greenlet_handle>();
            *self = greenlet<void()>(counts(*count, self));
        }
        int* count = nullptr;
    };
    int destroyed = 0;
    green::fiber_local<creates_one> local;
    std::thread([&] { local->count = &destroyed; }).join();
    CHECK(destroyed == 1);
}

TEST_CASE("the stacks of a thread that has ended are all given back, for the next one") {
    std::size_t in_use = 1;
    std::thread([&] {
        greenlet<void()> keeps_itself([] {
            auto self = current_greenlet();
            wait_forever();
        });
        keeps_itself.switch_to();
    }).join();
    std::thread([&] { in_use = green::detail::scheduler::current().stacks().in_use_count(); }).join();
    CHECK(in_use == 1);  // the hub's own
}

SCENARIO_IN_CHILD(main_returns_with_suspended_greenlets) {
    static greenlet<void()> for_ever;
    for_ever = suspended([] {
        says guard{"unwound"};
        wait_forever();
    });
    green::spawn([] {
        greenlet<void()>([] {
            says guard{"unwound with its fiber"};
            green::sleep(1h);
        }).switch_to();
    });
    green::yield();
    std::puts("main returns");
}

TEST_CASE("main may return while greenlets are suspended: they are unwound") {
    auto end = support::run_child("main_returns_with_suspended_greenlets");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "main returns\nunwound with its fiber\nunwound\n");
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(exit_from_a_greenlet) {
    static greenlet<void()> other;
    other = suspended([] {
        says guard{"unwound"};
        wait_forever();
    });
    greenlet<void()>([] {
        std::puts("leaving");
        std::exit(7);
    }).switch_to();
}
SCENARIO_IN_CHILD(exit_from_a_greenlet_of_a_fiber) {
    static greenlet<void()> other;
    green::spawn([] {
        other = suspended([] { wait_forever(); });
        greenlet<void()>([] { std::exit(8); }).switch_to();
    }).join();
}

TEST_CASE("a greenlet may call exit()") {
    auto end = support::run_child("exit_from_a_greenlet");
    CHECK(end.exit_status == 7);
    CHECK(end.output == "leaving\nunwound\n");
    CHECK(end.errors.empty());
    end = support::run_child("exit_from_a_greenlet_of_a_fiber");
    CHECK(end.exit_status == 8);
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(thread_ends_while_destructor_sleeps) {
    std::thread([] {
        static greenlet<void()> slow;
        slow = suspended([] {
            struct sleeps {
                ~sleeps() { green::sleep(1h); }
            } guard;
            wait_forever();
        });
    }).join();
    std::puts("goes on");
}

TEST_CASE("a greenlet that does not end in time is abandoned with its thread" *
          doctest::skip(support::with_address_sanitizer)) {
    auto end = support::run_child("thread_ends_while_destructor_sleeps");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "goes on\n");
    CHECK(end.errors.find("unwinds greenlets") != std::string::npos);
}

SCENARIO_IN_CHILD(thread_ends_while_a_fiber_stands_on_a_greenlet) {
    green::greenlet_handle stood_on;
    std::thread([&] {
        green::spawn([&] {
            greenlet<void()> g([&] {
                stood_on = current_greenlet();
                struct sleeps {
                    ~sleeps() { green::sleep(1h); }
                } guard;
                green::sleep(1h);
            });
            g.switch_to();
        });
        green::yield();
    }).join();
    std::puts(stood_on.dead() ? "has ended for the others" : "seems to be alive");
}

TEST_CASE("a greenlet on which a fiber stands that does not end in time is abandoned with it" *
          doctest::skip(support::with_address_sanitizer)) {
    auto end = support::run_child("thread_ends_while_a_fiber_stands_on_a_greenlet");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "has ended for the others\n");
}

SCENARIO_IN_CHILD(forks_in_a_greenlet) {
    static greenlet<void()> of_another_fiber;
    green::spawn([] {
        of_another_fiber = suspended([] {
            says guard{"unwound"};
            wait_forever();
        });
        green::sleep(1h);
    });
    green::yield();
    const int status = greenlet<int()>([] {
        const pid_t child = fork();
        if (child == 0) {
            const int answer = greenlet<int()>([] {
                green::sleep(1ms);
                return 5;
            }).switch_to();
            switch_to_parent(answer);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WEXITSTATUS(status) + 100;
    }).switch_to();
    if (status < 100) std::exit(status);  // the child: what it inherited from other fibers is not its to unwind
    std::printf("%d\n", status);
}

// ThreadSanitizer takes the child of a greenlet for a thread that it has never seen switch, and reports each switch as
// a race.
TEST_CASE("the child of a fork goes on in its greenlet, and leaves alone those of fibers that are gone" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forks_in_a_greenlet");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "105\nunwound\n");
    CHECK(end.errors.empty());
}

SCENARIO_IN_CHILD(forks_with_greenlets_of_its_own) {
    static greenlet<void()> own;
    own = suspended([] {
        says guard{"unwound"};
        wait_forever();
    });
    static green::generator<int> asked_by_anybody([](auto yield) {
        says guard{"generator unwound"};
        yield(1);
    });
    asked_by_anybody.begin();
    const pid_t child = fork();
    if (child == 0) std::exit(5);
    int status = 0;
    waitpid(child, &status, 0);
    std::_Exit(WEXITSTATUS(status));
}

TEST_CASE("the child of a fork unwinds what its own fiber has left suspended, and what belongs to no fiber" *
          doctest::skip(support::with_thread_sanitizer)) {
    auto end = support::run_child("forks_with_greenlets_of_its_own");
    CHECK(end.exit_status == 5);
    CHECK(end.output == "unwound\ngenerator unwound\n");
    CHECK(end.errors.empty());
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/task_group.h>

#include <support/ending_thread.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/would_block_forever.h>
#include <green/sync/event.h>
#include <green/sync/latch.h>
#include <green/sync/timeout.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

namespace {
[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(what);
}
std::string error_of(auto&& f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "none";
}
}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "a task group returns after its children have ended") {
    int ended = 0;
    green::with_task_group([&](green::task_group& group) {
        for (int i = 1; i <= 3; ++i)
            group.spawn([&, i] {
                green::sleep(i * 1s);
                ++ended;
            });
        CHECK(group.size() == 3);
    });
    CHECK(ended == 3);
    CHECK(clock.elapsed() == 3s);
}

TEST_CASE_FIXTURE(support::virtual_time, "what a child owns is destroyed before its group returns") {
    auto shared = std::make_shared<int>(1);
    green::with_task_group([&](green::task_group& group) { group.spawn([copy = shared] { green::yield(); }); });
    CHECK(shared.use_count() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a task group returns what its body returns") {
    CHECK(green::with_task_group([](green::task_group& group) {
              auto child = group.spawn([](int x) { return x + 1; }, 41);
              return child.get();
          }) == 42);
    auto owned = green::with_task_group([](green::task_group&) { return std::make_unique<int>(7); });
    CHECK(*owned == 7);
    int x = 0;
    int& same = green::with_task_group([&](green::task_group&) -> int& { return x; });
    CHECK(&same == &x);
}

TEST_CASE_FIXTURE(support::virtual_time, "a child's error cancels its siblings and the body, and surfaces") {
    bool sibling_cut_short = false, body_cut_short = false;
    CHECK(error_of([&] {
              green::with_task_group([&](green::task_group& group) {
                  group.spawn([&] {
                      try {
                          green::sleep(1h);
                      } catch (const green::cancelled&) {
                          sibling_cut_short = true;
                          throw;
                      }
                  });
                  group.spawn([] {
                      green::sleep(1s);
                      fail("child");
                  });
                  try {
                      green::sleep(1h);
                  } catch (const green::cancelled&) {
                      body_cut_short = true;
                      throw;
                  }
              });
          }) == "child");
    CHECK(sibling_cut_short);
    CHECK(body_cut_short);
    CHECK(clock.elapsed() == 1s);
}

TEST_CASE_FIXTURE(support::virtual_time, "an error of the body cancels the children and surfaces") {
    bool went_on = false;
    CHECK(error_of([&] {
              green::with_task_group([&](green::task_group& group) {
                  group.spawn([&] { green::sleep(1h), went_on = true; });
                  green::yield();
                  fail("body");
              });
          }) == "body");
    CHECK(!went_on);
    CHECK(clock.elapsed() == 0s);
}

TEST_CASE_FIXTURE(support::virtual_time, "several errors arrive together, in the order in which they happened") {
    try {
        green::with_task_group([&](green::task_group& group) {
            for (const char* what : {"late", "early"})
                group.spawn([what] {
                    try {
                        green::sleep(what[0] == 'e' ? 1s : 2s);
                    } catch (const green::cancelled&) {
                        fail("while cleaning up");
                    }
                    fail(what);
                });
        });
        FAIL("no error");
    } catch (const green::exception_group& group) {
        CHECK(std::string(group.what()) == "green: 2 errors: early; while cleaning up");
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout around a task group cancels its children and is waited out") {
    bool cleaned_up = false;
    CHECK(!green::with_timeout(1s, [&] {
        green::with_task_group([&](green::task_group& group) {
            group.spawn([&] {
                try {
                    green::sleep(1h);
                } catch (const green::cancelled&) {
                    green::shield([] { green::sleep(5s); });
                    cleaned_up = true;
                    throw;
                }
            });
        });
    }));
    CHECK(cleaned_up);
    CHECK(clock.elapsed() == 6s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a kill of the caller ends the children first and is kept") {
    bool child_ended = false, went_on = false;
    auto caller = green::spawn([&] {
        green::with_task_group([&](green::task_group& group) {
            group.spawn([&] {
                struct note {
                    bool& ended;
                    ~note() { ended = true; }
                } n{child_ended};
                green::sleep(1h);
            });
        });
        went_on = true;
    });
    green::yield();
    green::yield();
    caller.kill();
    CHECK(child_ended);
    CHECK(!went_on);
    CHECK(caller.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time, "a kill that meets an error strikes at the next wait after it") {
    bool saw_error = false, went_on = false;
    auto caller = green::spawn([&] {
        saw_error = error_of([] {
            green::with_task_group([](green::task_group& group) {
                group.spawn([] {
                    try {
                        green::sleep(1h);
                    } catch (const green::cancelled&) {
                        fail("cleaning up");
                    }
                });
            });
        }) == "cleaning up";
        green::yield();
        went_on = true;
    });
    green::yield();
    green::yield();
    caller.kill();
    CHECK(saw_error);
    CHECK(!went_on);
}

TEST_CASE_FIXTURE(support::virtual_time, "cancelling a group from inside is no error") {
    green::with_task_group([&](green::task_group& group) {
        group.spawn([&] {
            green::yield();
            group.cancel();
            CHECK(group.is_cancelled());
        });
        green::sleep(1h);
    });
    CHECK(clock.elapsed() == 0s);
    CHECK_THROWS_AS(green::with_task_group([](green::task_group& group) {
                        group.cancel();
                        green::yield();
                        return 1;
                    }),
                    std::system_error);
}

TEST_CASE_FIXTURE(support::virtual_time, "a killed child is no error and stops nobody") {
    bool sibling_finished = false;
    green::with_task_group([&](green::task_group& group) {
        auto victim = group.spawn([] { green::sleep(1h); });
        group.spawn([&] { green::sleep(1s), sibling_finished = true; });
        green::yield();
        victim.kill();
    });
    CHECK(sibling_finished);
}

TEST_CASE_FIXTURE(support::virtual_time, "children may start children of the same group") {
    int count = 0;
    green::with_task_group([&](green::task_group& group) {
        group.spawn([&] {
            green::sleep(1s);
            group.spawn([&] { green::sleep(1s), ++count; });
        });
    });
    CHECK(count == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "the error of a nested group cancels the outer one") {
    CHECK(error_of([&] {
              green::with_task_group([&](green::task_group& outer) {
                  outer.spawn([] {
                      green::with_task_group([](green::task_group& inner) { inner.spawn([] { fail("inner"); }); });
                  });
                  outer.spawn([] { green::sleep(1h); });
              });
          }) == "inner");
    CHECK(clock.elapsed() == 0s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a child may take longer than a shield that its group stands in") {
    int steps = 0;
    CHECK(!green::with_timeout(1s, [&] {
        green::shield([&] {
            green::with_task_group([&](green::task_group& group) {
                group.spawn([&] { green::sleep(10s), ++steps; });
            });
        });
        green::yield();
        ++steps;
    }));
    CHECK(steps == 1);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "children on other hubs end before the group returns, and their errors reach it") {
    support::other_hub there;
    std::atomic<bool> ran{false};
    green::with_task_group([&](green::task_group& group) {
        group.spawn_on(*there, [&] { ran = green::hub::current_or_null() == &*there; });
    });
    CHECK(ran);
    CHECK(error_of([&] {
              green::with_task_group([&](green::task_group& group) {
                  group.spawn_on(*there, [] { fail("over there"); });
                  green::sleep(1h);
              });
          }) == "over there");
}

TEST_CASE("a child for a thread that has ended fails its group") {
    green::hub& theirs = support::hub_of_an_ended_thread();
    bool sibling_ran_on = false;
    CHECK(error_of([&] {
              green::with_task_group([&](green::task_group& group) {
                  group.spawn([&] { green::sleep(1h), sibling_ran_on = true; });
                  group.spawn_on(theirs, [] {});
              });
          }).find("never ran") != std::string::npos);
    CHECK_FALSE(sibling_ran_on);
}

TEST_CASE_FIXTURE(support::leak_check, "cancelling a group kills its children on other hubs") {
    support::other_hub there;
    std::atomic<int> unwound{0};
    green::latch started(2);
    auto stay = [&] {
        struct note {
            std::atomic<int>& unwound;
            ~note() { ++unwound; }
        } n{unwound};
        started.count_down();
        green::sleep(1h);
    };
    CHECK(!green::with_cancel_scope([&](green::cancel_scope& around) {
        green::with_task_group([&](green::task_group& group) {
            group.spawn_on(*there, stay);
            group.spawn_on(*there, stay);
            started.wait();
            around.cancel();
        });
    }));
    CHECK(unwound == 2);
    green::with_task_group([&](green::task_group& group) {
        group.cancel();
        group.spawn_on(*there, [] { green::sleep(1h); });
    });
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a group whose child fails while its body goes on without waiting still throws") {
    CHECK(error_of([] {
              green::with_task_group([](green::task_group& group) { group.spawn([] { fail("at once"); }); });
          }) == "at once");
}

TEST_CASE_FIXTURE(support::leak_check, "at the end of its thread a group outlives its children, in either model") {
    bool is_there = false, was_there = false;
    auto child = [&] {
        support::ends_late late{is_there, was_there};
        green::sleep(std::chrono::hours(1));
    };
    support::on_a_thread_that_ends([&] {
        return green::spawn([&] {
            support::present present(is_there);
            green::with_task_group([&](green::task_group& g) { g.spawn(child); });
        });
    });
    CHECK(was_there);
    was_there = false;
    support::on_a_thread_that_ends([&] {
        auto body = [&]() -> green::coro::task<void> {
            support::present present(is_there);
            co_await green::coro::with_task_group([&](green::task_group& g) -> green::coro::task<void> {
                g.spawn(child);
                co_return;
            });
        };
        return green::coro::spawn([](auto body) -> green::coro::task<void> { co_await body(); }(body));
    });
    CHECK(was_there);
}

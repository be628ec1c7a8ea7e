// SPDX-License-Identifier: BSL-1.0
#include <green/hub/hub.h>

#include <green/green.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/error_of.h>
#include <support/fixture.h>
#include <support/limits.h>
#include <support/waits.h>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "call_soon() runs later, in order, behind what is ready") {
    std::string order;
    auto fiber = green::spawn([&] { order += 'f'; });
    green::hub::current().call_soon([&] { order += 'a'; });
    green::hub::current().call_soon([&] { order += 'b'; });
    CHECK(order.empty());
    green::yield();
    CHECK(order == "fab");
}

TEST_CASE_FIXTURE(support::virtual_time, "call_after() runs at its time, once") {
    int calls = 0;
    green::hub::current().call_after(5s, [&] { ++calls; });
    green::sleep(4999ms);
    CHECK(calls == 0);
    green::sleep(1ms);
    CHECK(calls == 1);
    green::sleep(1h);
    CHECK(calls == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "a cancelled callback is not called, and lets go of what it holds") {
    auto held = std::make_shared<int>(0);
    auto timer = green::hub::current().call_after(5s, [held] { ++*held; });
    CHECK(held.use_count() == 2);
    timer.cancel();
    CHECK(held.use_count() == 1);
    green::sleep(10s);
    CHECK(*held == 0);
    timer.cancel();
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "cancelling a callback that was called changes nothing, not even from within") {
    int calls = 0;
    green::timer_handle timer;
    timer = green::hub::current().call_after(1s, [&] {
        ++calls;
        timer.cancel();
    });
    green::sleep(2s);
    timer.cancel();
    CHECK(calls == 1);
    green::timer_handle().cancel();
}

TEST_CASE_FIXTURE(support::virtual_time, "timers of fibers and callbacks share one order of deadlines") {
    std::string order;
    green::hub::current().call_after(2s, [&] { order += '2'; });
    auto fiber = green::spawn([&] {
        green::sleep(1s);
        order += '1';
        green::sleep(2s);
        order += '3';
    });
    fiber.join();
    CHECK(order == "123");
}

TEST_CASE_FIXTURE(support::leak_check, "a callback from another thread wakes a hub that sleeps in the kernel") {
    green::hub& home = green::hub::current();
    bool called = false;
    auto waiting = green::spawn([] { green::sleep(1h); });
    std::thread other([&] {
        home.call_soon([&] {
            called = true;
            waiting.kill_soon();
        });
    });
    waiting.join();
    other.join();
    CHECK(called);
}

TEST_CASE_FIXTURE(support::leak_check, "a callback must not park: the call that would is refused by name") {
    std::string refused;
    green::hub::current().call_soon([&] {
        try {
            green::sleep(1ms);
        } catch (const std::logic_error& e) {
            refused = e.what();
        }
    });
    green::yield();
    green::yield();
    CHECK(refused.find("sleep") != std::string::npos);
    CHECK(refused.find("hub callback") != std::string::npos);
}

TEST_CASE_FIXTURE(support::leak_check, "yield and join are refused in a callback, too; spawn is not") {
    int refused = 0;
    bool ran = false;
    auto other = green::spawn([] { green::yield(); });
    green::hub::current().call_soon([&] {
        try {
            green::yield();
        } catch (const std::logic_error&) {
            ++refused;
        }
        try {
            other.join();
        } catch (const std::logic_error&) {
            ++refused;
        }
        green::spawn([&] { ran = true; });
    });
    for (int i = 0; i < 5; ++i) green::yield();
    CHECK(refused == 2);
    CHECK(ran);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "no call that waits is possible in a callback, be it for what is at hand or not") {
    support::nothing_to_be_had nothing;
    support::all_to_be_had everything;
    auto calls = nothing.calls();
    for (auto& each : everything.calls()) calls.push_back(each);
    std::string allowed;
    green::hub::current().call_soon([&] {
        for (const auto& each : calls) {
            const std::string refused = support::what_of(each.call);
            if (refused.find("hub callback") == std::string::npos) allowed += each.name + ": " + refused + '\n';
        }
    });
    green::yield();
    green::yield();
    CHECK(allowed == "");
    CHECK(nothing.traces() == "");
    CHECK(everything.traces() == "");
}

SCENARIO_IN_CHILD(callback_throws) {
    green::hub::current().call_soon([] { throw std::runtime_error("out of paper"); });
    green::hub::current().call_soon([] { throw 42; });
    green::sleep(1ms);
    std::puts("still there");
}

TEST_CASE("an exception out of a callback is reported, and the hub goes on") {
    auto end = support::run_child("callback_throws");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "still there\n");
    CHECK(end.errors.find("out of paper") != std::string::npos);
    CHECK(end.errors.find("not a std::exception") != std::string::npos);
}

TEST_CASE("every thread has a hub of its own, which comes to life when it is needed") {
    green::hub& here = green::hub::current();
    CHECK(green::hub::current_or_null() == &here);
    std::thread([&] {
        CHECK(green::hub::current_or_null() == nullptr);
        CHECK(&green::hub::current() != &here);
    }).join();
}

SCENARIO_IN_CHILD(thread_with_a_hub_and_no_fiber) {
    green::yield();
    std::thread([] { green::hub::current().now(); }).join();  // never starts a fiber
    std::thread([] { green::yield(); }).join();               // takes over the spare hub
    std::thread([] { green::hub::current().now(); }).join();  // takes it over, and does not use it
    std::puts("fine");
}

TEST_CASE("a thread may have a hub and never a fiber") {
    auto end = support::run_child("thread_with_a_hub_and_no_fiber");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "fine\n");
}

SCENARIO_IN_CHILD(no_descriptor_for_a_hub) {
    try {
        support::no_descriptors_left limit;
        green::yield();
        std::puts("a hub out of nothing");
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::too_many_files_open ? "EMFILE" : e.what());
    }
    std::printf("%d\n", green::spawn([] { green::sleep(1us); return 42; }).get());
}

TEST_CASE("without a descriptor for its hub a thread is told so, and may try again") {
    auto end = support::run_child("no_descriptor_for_a_hub");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "EMFILE\n42\n");
}

SCENARIO_IN_CHILD(no_memory_for_a_hub) {
    try {
        support::no_memory_left limit;
        green::yield();
        std::puts("a hub out of nothing");
    } catch (const std::system_error& e) {
        std::puts(e.code() == std::errc::not_enough_memory ? "ENOMEM" : e.what());
    } catch (const std::bad_alloc&) {
        std::puts("ENOMEM");
    }
    std::printf("%d\n", green::spawn([] { green::sleep(1us); return 42; }).get());
}

TEST_CASE("without memory for its hub a thread is told so, and may try again" *
          doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("no_memory_for_a_hub");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "ENOMEM\n42\n");
}

TEST_CASE("hubs of ended threads serve further threads") {
    auto open_a_hub = [] {
        int result = 0;
        std::thread([&] { result = green::spawn([] { green::sleep(1us); return 42; }).get(); }).join();
        return result;
    };
    CHECK(open_a_hub() == 42);
    const auto before = support::belongings::now();
    for (int i = 0; i < 20; ++i) CHECK(open_a_hub() == 42);
    CHECK(support::belongings::now().descriptors == before.descriptors);
}

TEST_CASE("a callback for a hub whose thread has ended is refused and let go of") {
    green::hub* theirs = nullptr;
    std::thread([&] { theirs = &green::hub::current(); }).join();
    auto held = std::make_shared<int>(0);
    CHECK_FALSE(theirs->call_soon([held] { ++*held; }));
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
}

TEST_CASE("a callback that was taken is called, though its thread ends without waiting for anything") {
    for (const bool has_fibers : {false, true}) {
        std::promise<green::hub*> known;
        std::promise<void> sent;
        std::thread other([&] {
            if (has_fibers) green::yield();
            known.set_value(&green::hub::current());
            sent.get_future().wait();
        });
        std::thread::id called_by;
        CHECK(known.get_future().get()->call_soon([&] { called_by = std::this_thread::get_id(); }));
        const auto id = other.get_id();
        sent.set_value();
        other.join();
        CHECK(called_by == id);
    }
}

TEST_CASE("a later thread that gets the hub of an ended one gets nothing of what was sent to that one") {
    green::hub* theirs = nullptr;
    std::thread([&] {
        green::yield();
        theirs = &green::hub::current();
        theirs->call_after(0s, [] { FAIL_CHECK("a timer of an ended thread fired"); });
    }).join();
    theirs->call_soon([] { FAIL_CHECK("a callback for an ended thread was called"); });
    bool reused = false, called = false;
    std::thread([&] {
        reused = &green::hub::current() == theirs;
        green::hub::current().call_soon([&] { called = true; });
        green::sleep(1ms);
    }).join();
    CHECK(reused);
    CHECK(called);
}

TEST_CASE("a callback that its thread has not waited for is destroyed with the thread") {
    auto witness = std::make_shared<int>();
    std::thread([&] {
        green::yield();
        green::hub::current().call_after(1h, [witness] { FAIL_CHECK("called"); });
    }).join();
    CHECK(witness.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "callbacks run even while fibers never stop yielding") {
    bool called = false;
    auto busy = green::spawn([&] {
        while (!called) green::yield();
    });
    green::hub::current().call_after(1ms, [&] { called = true; });
    busy.join();
    CHECK(called);
}

TEST_CASE_FIXTURE(support::leak_check, "a short deadline is exact, and a long one at most a hundredth late") {
    green::hub& home = green::hub::current();
    for (green::duration d : {green::duration(0), green::duration(1ns), green::duration(1ms), green::duration(1s),
                              green::duration(1h)}) {
        const auto before = home.now();
        const auto deadline = home.deadline_after(d);
        CHECK(deadline >= before + d - (d >= green::duration(1s) ? d / 100 : green::duration(0)));
        CHECK(deadline <= home.now() + d + d / 100);
    }
    CHECK(home.deadline_after(green::duration::max()) == green::never);
}

TEST_CASE_FIXTURE(support::leak_check, "a deadline counts from now, however long the fiber has computed") {
    green::yield();
    const auto began = green::clock::now();
    while (green::clock::now() - began < 20ms) {
    }
    const auto armed = green::clock::now();
    CHECK(green::hub::current().deadline_after(10ms) >= armed + 10ms);
    CHECK(!green::with_timeout(10ms, [] { green::sleep(1h); }));
    CHECK(green::clock::now() - armed >= 10ms);
}

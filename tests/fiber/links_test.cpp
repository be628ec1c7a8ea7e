// SPDX-License-Identifier: BSL-1.0
#include <green/hub/links.h>

#include <green/green.h>

#include <support/child.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::leak_check, "links run once, in order of registration, after the end, never inline") {
    std::string order;
    auto fiber = green::spawn([&] { order += 'f'; });
    fiber.link([&] { order += '1'; });
    fiber.link([&] { order += '2'; });
    CHECK(order.empty());
    fiber.join();
    green::yield();
    green::yield();
    CHECK(order == "f12");
}

TEST_CASE_FIXTURE(support::leak_check, "a link may be added after the end, and is not run inline") {
    auto fiber = green::spawn([] {});
    fiber.join();
    bool linked = false;
    fiber.link([&] { linked = true; });
    CHECK_FALSE(linked);
    green::yield();
    CHECK(linked);
}

TEST_CASE_FIXTURE(support::leak_check, "an unlinked function is not called") {
    bool linked = false;
    auto fiber = green::spawn([] {});
    const auto id = fiber.link([&] { linked = true; });
    CHECK(fiber.unlink(id));
    CHECK_FALSE(fiber.unlink(id));
    fiber.join();
    green::yield();
    CHECK_FALSE(linked);
}

TEST_CASE_FIXTURE(support::leak_check, "what an unlinked function has captured may remove another link when it dies") {
    std::thread([] {}).join();  // locks are real from the second thread on
    struct unlinks {
        ~unlinks() { removed = fiber.unlink(id); }
        green::fiber<void> fiber;
        std::uint64_t id;
        bool& removed;
    };
    bool removed = false;
    auto fiber = green::spawn([] {});
    const auto other = fiber.link([] {});
    const auto id = fiber.link([at_its_end = std::make_shared<unlinks>(fiber, other, removed)] {});
    CHECK(fiber.unlink(id));
    CHECK(removed);
    fiber.join();
}

TEST_CASE_FIXTURE(support::leak_check, "a link may remove a later one") {
    std::string order;
    auto fiber = green::spawn([] {});
    std::uint64_t third = 0;
    fiber.link([&] {
        order += '1';
        fiber.unlink(third);
    });
    fiber.link([&] { order += '2'; });
    third = fiber.link([&] { order += '3'; });
    fiber.join();
    green::yield();
    green::yield();
    CHECK(order == "12");
}

SCENARIO_IN_CHILD(a_link_throws) {
    auto fiber = green::spawn([] {});
    fiber.link([] { throw std::runtime_error("bad link"); });
    fiber.link([] { std::puts("the second one ran"); });
    fiber.join();
    green::yield();
    green::yield();
}

TEST_CASE("a link that throws is reported and does not stop the others") {
    auto end = support::run_child("a_link_throws");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "the second one ran\n");
    CHECK(end.errors.find("bad link") != std::string::npos);
}

TEST_CASE_FIXTURE(support::leak_check, "a link may spawn, and may be registered by another thread") {
    bool spawned = false;
    auto fiber = green::spawn([] { green::sleep(1ms); });
    std::thread([&] { fiber.link([&] { green::spawn([&] { spawned = true; }); }); }).join();
    fiber.join();
    for (int i = 0; i < 4; ++i) green::yield();
    CHECK(spawned);
}

TEST_CASE_FIXTURE(support::leak_check, "a link on a fiber whose handles are gone still runs") {
    bool linked = false;
    green::spawn([] { green::yield(); }).link([&] { linked = true; });
    for (int i = 0; i < 4; ++i) green::yield();
    CHECK(linked);
}

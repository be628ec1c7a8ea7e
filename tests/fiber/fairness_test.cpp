// SPDX-License-Identifier: BSL-1.0
// Starvation is impossible.
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

struct always_ready {
    always_ready() {
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        REQUIRE(write(ends[1], "x", 1) == 1);
    }
    ~always_ready() {
        for (int fd : ends) green::close_fd(fd);
    }
    int ends[2];
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a fiber that always yields keeps no timer from firing") {
    bool woken = false;
    auto sleeper = green::spawn([&] {
        green::sleep(2ms);
        woken = true;
    });
    while (!woken) green::yield();
    sleeper.join();
}

TEST_CASE_FIXTURE(support::leak_check, "two fibers that always yield keep no descriptor from being seen") {
    always_ready pair;
    bool seen = false;
    auto spin = [&] {
        while (!seen) green::yield();
    };
    char byte;
    REQUIRE(read(pair.ends[0], &byte, 1) == 1);
    auto one = green::spawn(spin), other = green::spawn(spin);
    auto reader = green::spawn([&] { seen = green::wait_readable(pair.ends[0]); });
    green::yield();
    REQUIRE(write(pair.ends[1], "x", 1) == 1);
    one.join();
    other.join();
    reader.get();
    CHECK(seen);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber whose descriptor is always ready lets others run") {
    always_ready pair;
    bool other_ran = false;
    auto busy = green::spawn([&] {
        while (!other_ran) green::wait_readable(pair.ends[0]);
    });
    auto other = green::spawn([&] { other_ran = true; });
    busy.join();
    CHECK(other_ran);
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber whose descriptor is always ready keeps no timer from firing") {
    always_ready pair;
    bool woken = false;
    auto busy = green::spawn([&] {
        while (!woken) green::wait_writable(pair.ends[0]);
    });
    green::sleep(2ms);
    woken = true;
    busy.join();
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber whose descriptor is always ready can be killed") {
    always_ready pair;
    auto busy = green::spawn([&] {
        for (;;) green::wait_readable(pair.ends[0]);
    });
    green::yield();
    busy.kill();
    CHECK(busy.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "joining ended fibers again and again lets others run") {
    auto ended = green::spawn([] {});
    ended.join();
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    while (!other_ran) ended.join();
    CHECK(other.ended());
}

TEST_CASE_FIXTURE(support::leak_check, "a post from another thread gets through fibers that always yield") {
    green::hub& home = green::hub::current();
    bool posted = false;
    std::thread other([&] { home.call_soon([&] { posted = true; }); });
    while (!posted) green::yield();
    other.join();
}

TEST_CASE_FIXTURE(support::leak_check, "a fiber that spawns without end is not alone") {
    bool stop = false;
    long spawned = 0;
    auto breeder = green::spawn([&] {
        while (!stop) {
            green::spawn([&] { ++spawned; });
            green::yield();
        }
    });
    green::sleep(2ms);
    stop = true;
    breeder.join();
    green::yield();
    CHECK(spawned > 0);
}

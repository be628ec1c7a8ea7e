// SPDX-License-Identifier: BSL-1.0
// The fixture of the other tests notices what they leave over.
#include <support/fixture.h>

#include <green/green.h>

#include <doctest/doctest.h>

#include <unistd.h>

using namespace std::chrono_literals;
using support::belongings;

TEST_CASE_FIXTURE(support::leak_check, "a parked fiber counts as a fiber, a stack and a timer") {
    const auto before = belongings::now();
    auto sleeper = green::spawn([] { green::sleep(1h); });
    green::yield();
    const auto during = belongings::now();
    CHECK(during.fibers == before.fibers + 1);
    CHECK(during.stacks == before.stacks + 1);
    CHECK(during.timers == before.timers + 1);
    CHECK(during.control_blocks == before.control_blocks + 1);
    sleeper.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "a handle to an ended fiber counts as a control block") {
    const auto before = belongings::now();
    auto ended = green::spawn([] {});
    ended.join();
    CHECK(belongings::now().fibers == before.fibers);
    CHECK(belongings::now().stacks == before.stacks);
    CHECK(belongings::now().control_blocks == before.control_blocks + 1);
}

TEST_CASE_FIXTURE(support::leak_check, "a registered descriptor counts until close_fd()") {
    const auto before = belongings::now();
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK(belongings::now().descriptors == before.descriptors + 2);
    auto reader = green::spawn([&] { green::wait_readable(ends[0]); });
    green::yield();
    CHECK(belongings::now().fd_waits == before.fd_waits + 1);
    CHECK(belongings::now().registered_fds == before.registered_fds + 1);
    reader.kill();
    CHECK(belongings::now().fd_waits == before.fd_waits);
    CHECK(belongings::now().registered_fds == before.registered_fds + 1);
    green::close_fd(ends[0]);
    green::close_fd(ends[1]);
    CHECK(belongings::now().registered_fds == before.registered_fds);
    CHECK(belongings::now().descriptors == before.descriptors);
}

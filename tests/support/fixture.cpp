// SPDX-License-Identifier: BSL-1.0
#include <support/fixture.h>

#include <green/fiber/scheduler.h>
#include <green/fiber/sleep.h>
#include <green/hub/fd_table.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>

namespace support {

namespace {

std::size_t open_descriptors() {
    std::filesystem::directory_iterator open("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

}  // namespace

belongings belongings::now() {
    auto& scheduler = green::detail::scheduler::current();
    auto& poller = scheduler.loop().poller();
    return {
        .fibers = scheduler.loop().agent_count(),
        .control_blocks = scheduler.block_count(),
        .stacks = scheduler.stacks().in_use_count(),
        .timers = scheduler.loop().timers().size(),
        .fd_waits = poller.waiting_count(),
        .registered_fds = poller.registered_count(),
        // A hub has an epoll and an eventfd, and stays for other threads when its own has ended.
        .descriptors = open_descriptors() - 2 * green::detail::enlisted_count(),
    };
}

leak_check::leak_check() : before_(belongings::now()) {}

leak_check::~leak_check() {
    for (int round = 0; round < 3; ++round) green::yield();  // what has been woken or posted may end
    const belongings after = belongings::now();
    CHECK_MESSAGE(after.fibers == before_.fibers, "fibers left over");
    CHECK_MESSAGE(after.control_blocks == before_.control_blocks, "handles to fibers left over");
    CHECK_MESSAGE(after.stacks == before_.stacks, "stacks left over");
    CHECK_MESSAGE(after.timers == before_.timers, "timers left over");
    CHECK_MESSAGE(after.fd_waits == before_.fd_waits, "waits for descriptors left over");
    CHECK_MESSAGE(after.registered_fds == before_.registered_fds, "registered descriptors left over");
    CHECK_MESSAGE(after.descriptors == before_.descriptors, "descriptors left over");
}

}  // namespace support

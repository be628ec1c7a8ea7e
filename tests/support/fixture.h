// SPDX-License-Identifier: BSL-1.0
// The fixture of every test that uses fibers.
#pragma once

#include <green/testing/virtual_clock.h>

#include <cstddef>

namespace support {

// What can be left over on the calling thread's hub, and in the process.
struct belongings {
    std::size_t fibers;           // not ended
    std::size_t control_blocks;   // of fibers, also of ended ones that handles still name
    std::size_t stacks;
    std::size_t timers;
    std::size_t fd_waits;
    std::size_t registered_fds;   // with the hub's epoll, and not closed by close_fd() since
    std::size_t descriptors;      // of the process, without those of hubs

    static belongings now();
};

// A test that ends with more than it began with fails:
//
//     TEST_CASE_FIXTURE(support::leak_check, "a fiber ends") { green::spawn([] {}).join(); }
class leak_check {
  public:
    leak_check();
    ~leak_check();
    leak_check(const leak_check&) = delete;
    leak_check& operator=(const leak_check&) = delete;

  private:
    belongings before_;
};

// The same with a clock that jumps, so that the test may wait as long as it likes.
class virtual_time : public leak_check {
  protected:
    green::testing::virtual_clock clock;
};

}  // namespace support

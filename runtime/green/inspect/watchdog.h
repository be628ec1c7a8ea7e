// SPDX-License-Identifier: BSL-1.0
// Tells who keeps a hub to itself: a fiber that computes for too long, or blocks its thread, while others wait.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace green::inspect {

// Who has not let any other run.
struct stuck_fiber {
    // At most 99 bytes of it.
    std::string name;
    std::uint64_t id = 0;
    duration held_for{};                 // at least; since the watchdog first saw it so
    std::vector<std::string> backtrace;  // innermost first; empty when its thread did not answer
};

// While the object lives, a thread of its own looks at every hub of the process. A fiber, task or callback that keeps
// its hub for longer than the limit while there are fibers or tasks beside it is reported, once for each time that it
// does so. Runs on the computer's own clock, also where a virtual one is in force.
//
// A hub is looked at from afar until it has been stuck for the limit. Then its thread gets a signal, once, and notes
// where it is; it is given the limit for that, or a second if that is longer. A blocking system call that it is in
// then returns EINTR if it is one of those that are not restarted (signal(7)). The default is SIGURG, which does
// nothing to a program that does not ask for it.
class watchdog {
  public:
    // Called on the watchdog's thread. It must not wake a fiber, for a main that waits for nothing is told so
    // (would_block_forever) as if there were no watchdog.
    using reporter = green::detail::kept_function<void(const stuck_fiber&)>;

    // Without a reporter the report goes to standard error:
    //
    //     green: "crunch" (12) has kept its hub for 104 ms while others wait:
    //         collatz(unsigned long)
    //
    // Throws std::invalid_argument for a limit that is not positive; std::system_error when there is a watchdog already
    // (device_or_resource_busy), for a signal that cannot be caught, or when no thread can be had. Does not park.
    explicit watchdog(duration limit = std::chrono::milliseconds(100), reporter report = {},
                      int signal_number = SIGURG);
    // Restores the handler of the signal. Waits until a reporter has returned; does not park. In the child of a fork
    // there is nothing to end.
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

  private:
    class patrol;
    std::unique_ptr<patrol> patrol_;
};

}  // namespace green::inspect

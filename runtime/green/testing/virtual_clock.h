// SPDX-License-Identifier: BSL-1.0
// Time for tests: hours pass in microseconds, and only when everything waits.
#pragma once

#include <green/base/time.h>
#include <green/hub/hub.h>

namespace green::testing {

// While it lives, the calling thread's hub takes its time from here: time stands still as long as any fiber can
// run, and jumps to the next deadline when all are parked.
//
//     green::testing::virtual_clock clock;
//     green::sleep(24h);                      // returns at once
//     assert(clock.elapsed() == 24h);
//
// Descriptors and other threads stay real: before a jump the hub gives them two milliseconds to come up with
// something. Timers that were armed before and are due later than the present of the virtual clock fire when the
// real time reaches them after it has gone; so make it first, and let it go last. One at a time per hub: a
// second one throws std::logic_error. On the hub's own thread. Does not park.
class virtual_clock final : private detail::time_source {
  public:
    virtual_clock();
    ~virtual_clock() override;
    virtual_clock(const virtual_clock&) = delete;
    virtual_clock& operator=(const virtual_clock&) = delete;

    time_point now() noexcept override { return now_; }
    // How much time has passed since the clock was made.
    duration elapsed() const noexcept { return now_ - start_; }
    // Lets time pass for the running fiber as if it had computed for so long.
    void advance(duration d) noexcept { now_ = add(now_, d); }

  private:
    void advance_to(time_point deadline) noexcept override;

    hub& home_;
    time_point start_;
    time_point now_;
};

}  // namespace green::testing

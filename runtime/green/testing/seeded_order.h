// SPDX-License-Identifier: BSL-1.0
// Orders of execution that a test would not meet by itself, and meets again with the same seed.
#pragma once

#include <green/hub/hub.h>

#include <cstdint>
#include <random>

namespace green::testing {

// The value of the environment variable GREEN_SEED, or else a number drawn once per process. The first call prints
// it on standard error, so that a failure can be repeated.
std::uint64_t seed();

// While it lives, the calling thread's hub runs whatever is ready in an order drawn from the seed, and a wait that
// need not wait yields. A correct program works in every order; a test that does so many times with different
// seeds finds the one that does not.
//
//     for (int round = 0; round < 1000; ++round) {
//         green::testing::seeded_order order(green::testing::seed() + round);
//         run_the_scenario();
//     }
//
// One at a time per hub: a second one throws std::logic_error. On the hub's own thread. Does not park.
class seeded_order {
  public:
    explicit seeded_order(std::uint64_t seed = testing::seed());
    ~seeded_order();
    seeded_order(const seeded_order&) = delete;
    seeded_order& operator=(const seeded_order&) = delete;

  private:
    static void shuffle(detail::runnable_queue& ready, void* self) noexcept;

    hub& home_;
    std::mt19937_64 random_;
};

}  // namespace green::testing

// SPDX-License-Identifier: BSL-1.0
// A second thread for tests of what happens between two.
#pragma once

#include <green/fiber/fiber.h>
#include <green/fiber/sleep.h>
#include <green/hub/hub.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace support {

// A thread whose hub runs until the object goes.
class other_hub {
  public:
    other_hub() : thread_([this] { run(); }) {
        while (!hub_.load()) green::sleep(std::chrono::microseconds(50));
    }
    ~other_hub() { end(); }

    // Ends the thread. Blocks this thread until it has ended.
    void end() {
        if (!thread_.joinable()) return;
        main_.kill_soon();
        thread_.join();
    }

    green::hub& operator*() const { return *hub_.load(); }
    // Its main fiber.
    const green::fiber_handle& main() const { return main_; }

  private:
    void run() {
        main_ = green::fiber_handle::current();
        hub_ = &green::hub::current();
        try {
            green::sleep_until(green::never);
        } catch (const green::fiber_exit&) {
        }
    }

    green::fiber_handle main_;
    std::atomic<green::hub*> hub_{nullptr};
    std::thread thread_;
};

}  // namespace support

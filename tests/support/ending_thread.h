// SPDX-License-Identifier: BSL-1.0
// Threads that end, for tests of what becomes of their fibers and of their hub.
#pragma once

#include <green/fiber/sleep.h>
#include <green/hub/hub.h>

#include <thread>

namespace support {

// It had fibers.
inline green::hub& hub_of_an_ended_thread() {
    green::hub* theirs = nullptr;
    std::thread([&] {
        green::yield();
        theirs = &green::hub::current();
    }).join();
    return *theirs;
}

// Runs start() on a thread that ends while what it has started waits.
template <class Start>
void on_a_thread_that_ends(Start start) {
    std::thread([&] {
        auto unfinished = start();
        for (int i = 0; i < 3; ++i) green::yield();
    }).join();
}

// Sets a flag while it lives.
class present {
  public:
    explicit present(bool& flag) : flag_(flag) { flag_ = true; }
    ~present() { flag_ = false; }
    present(const present&) = delete;
    present& operator=(const present&) = delete;

  private:
    bool& flag_;
};

// Ends some turns after it was asked to, and says whether what it refers to was still there.
struct ends_late {
    const bool& is_there;
    bool& was_there;
    ~ends_late() {
        for (int i = 0; i < 10; ++i) green::yield();
        was_there = is_there;
    }
};

}  // namespace support

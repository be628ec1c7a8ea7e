// SPDX-License-Identifier: BSL-1.0
// Every call of the core that waits for another fiber, for tests of what all of them promise.
#pragma once

#include <green/green.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace support {

struct blocking_call {
    std::string name;
    std::function<void()> call;
    bool on_one_hub = false;  // must be made by the thread that made what it waits for
};

// Parks for at most as long as it is given; false when nothing came meanwhile.
struct timed_call {
    std::string name;
    std::function<bool(green::duration)> call;
};

// A world in which nothing is to be had: whoever calls one of these waits for ever.
class nothing_to_be_had {
  public:
    nothing_to_be_had();
    ~nothing_to_be_had();

    std::vector<blocking_call> calls();
    std::vector<timed_call> timed_calls();
    // What a call that gave up has changed, in words; empty when nothing.
    std::string traces();

  private:
    struct things;
    std::unique_ptr<things> things_;
};

// The same with everything at hand: whoever calls one of these need not wait.
class all_to_be_had {
  public:
    all_to_be_had();
    ~all_to_be_had();

    std::vector<blocking_call> calls();
    // What a call that failed has taken all the same, in words; empty when nothing.
    std::string traces();

  private:
    struct things;
    std::unique_ptr<things> things_;
};

}  // namespace support

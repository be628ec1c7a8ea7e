// SPDX-License-Identifier: BSL-1.0
// The error of a main fiber that waits for something that can never happen.
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace green {

// Thrown at the wait of the main fiber when nothing on its hub can ever run again: no fiber is ready, no timer is
// armed, no descriptor is waited for, nobody has called hub::hold(), and the process has no other thread that could
// change it (proc(5), /proc/self/task). At once in a process that has never had one; else a hundredth of a second to
// a second after the last one has ended. While there is another thread, whatever that does, it is not thrown: fibers
// of two threads that wait for each other wait for ever. what() lists every parked fiber and what it waits for. The
// hub stays usable. In the child of a fork the fiber that forked stands in for the main fiber.
class would_block_forever : public std::system_error {
  public:
    explicit would_block_forever(const std::string& parked_fibers)
        : system_error(std::make_error_code(std::errc::resource_deadlock_would_occur)),
          text_("green: the main fiber would block forever; parked fibers:\n" + parked_fibers) {}
    const char* what() const noexcept override { return text_.what(); }

  private:
    std::runtime_error text_;  // copies without throwing, and has no words of the code behind the last line
};

}  // namespace green

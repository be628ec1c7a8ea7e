// SPDX-License-Identifier: BSL-1.0
// Several errors that arrive together.
#pragma once

#include <exception>
#include <string>
#include <vector>

namespace green {

// Thrown where more than one thing has failed, above all by with_task_group().
class exception_group : public std::exception {
  public:
    // In the order in which they happened.
    explicit exception_group(std::vector<std::exception_ptr> exceptions);
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
    // Their number, and what each of them says.
    const char* what() const noexcept override { return what_.c_str(); }

  private:
    std::vector<std::exception_ptr> exceptions_;
    std::string what_;
};

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// The limit of descriptors (RLIMIT_NOFILE) where a program has lowered it below numbers that the runtime has already.
#pragma once

namespace green::sys {

// While it lives, the limit leaves room for the runtime's own descriptors; unless the hard limit is as low.
// For a process of one thread, such as the child of a fork: the limit is everybody's.
class raised_descriptor_limit {
  public:
    raised_descriptor_limit() noexcept;
    ~raised_descriptor_limit();
    raised_descriptor_limit(const raised_descriptor_limit&) = delete;
    raised_descriptor_limit& operator=(const raised_descriptor_limit&) = delete;

  private:
    unsigned long before_ = 0;
    bool is_raised_ = false;
};

}  // namespace green::sys

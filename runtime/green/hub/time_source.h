// SPDX-License-Identifier: BSL-1.0
// Where a hub's time comes from: the kernel, or a test's clock that jumps.
#pragma once

#include <green/base/time.h>

namespace green::detail {

// Replaces the kernel's clock on one hub. The real clock has no such object: it is read directly.
class time_source {
  public:
    virtual ~time_source() = default;
    virtual time_point now() noexcept = 0;
    // Everything on the hub is parked and `deadline` is the next one: moves time there. A deadline of `never`
    // means that no timer is armed; then nothing is to be done.
    virtual void advance_to(time_point deadline) noexcept = 0;
};

}  // namespace green::detail

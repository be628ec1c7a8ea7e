// SPDX-License-Identifier: BSL-1.0
// Waiting for nothing but the time.
#pragma once

#include <green/hub/operation.h>

namespace green::detail {

// Nobody wakes it: it ends by its deadline.
struct sleep_operation {
    static bool enqueue(wait_node&) noexcept { return false; }
    static void withdraw(wait_node&) noexcept {}
    static wait_reason reason() noexcept { return {.call = "sleep"}; }
};

}  // namespace green::detail

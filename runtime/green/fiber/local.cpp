// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/local.h>

#include <green/fiber/scheduler.h>

namespace green::detail {

local_values& running_locals() {
    return running_agent().needed_locals();
}

}  // namespace green::detail

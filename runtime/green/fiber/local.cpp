// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/local.h>

#include <green/fiber/scheduler.h>

namespace green::detail {

local_values& running_locals() {
    auto& locals = running_agent().locals;
    if (!locals) locals = std::make_unique<local_values>();
    return *locals;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// The frames of a fiber, by name.
#pragma once

#include <green/fiber/control.h>

#include <string>
#include <vector>

namespace green::detail {

// A line per frame of a fiber of this thread, innermost first, without the runtime's own frames at both ends: the
// demangled function if its module exports it (link programs with -rdynamic), else the module and the offset in it
// for addr2line(1). Empty for a fiber that has not started,
// and for one whose stack is so full that there is no room to walk it. Does not park.
std::vector<std::string> backtrace_of(control& fiber);

}  // namespace green::detail

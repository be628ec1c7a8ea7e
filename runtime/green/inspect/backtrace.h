// SPDX-License-Identifier: BSL-1.0
// The frames of a fiber: taken where it stands, named later.
#pragma once

#include <green/fiber/control.h>

#include <string>
#include <vector>

namespace green::detail {

struct stack_frames {
    static constexpr int most = 64;
    void* return_addresses[most];  // innermost first
    int count = 0;
    bool begins_with_walker = true;  // what follows is who was walked
};

// Loads the unwinder, which needs more stack than a small fiber has, and must not happen in a signal handler. Once.
void prepare_to_walk();
// The frames of the caller. In a signal handler too, once prepared.
void walk_stack(stack_frames& into) noexcept;
// The same in a signal handler, beginning with what was interrupted; `machine_context` is its third argument.
void walk_interrupted(stack_frames& into, const void* machine_context) noexcept;
// A line for each, without the runtime's own frames at both ends: the demangled function if its module exports it (link
// programs with -rdynamic), else the module and the offset in it for addr2line(1).
std::vector<std::string> frame_names(const stack_frames& frames);

// A line per frame of a fiber of this thread, as frame_names() gives it. Empty for a fiber that has not started, and
// for one whose stack is so full that there is no room to walk it. Does not park.
std::vector<std::string> backtrace_of(control& fiber);

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What every fiber and task of this thread is doing.
#pragma once

#include <green/base/time.h>
#include <green/fiber/fiber.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace green::inspect {

// One fiber or task, as it was when it was looked at.
struct fiber_info {
    std::string name;
    std::uint64_t id = 0;
    fiber_state state = fiber_state::unstarted;
    duration age{};                    // since it was spawned, to a few milliseconds
    std::string situation;             // "running", "ready", or what it waits for: "fd 7 readable, timer in 3 s"
    std::size_t stack_used_bytes = 0;  // 0 for one that has not started, for a main fiber that runs, and for a task
    std::size_t stack_size_bytes = 0;  // 0 for a main fiber, whose stack is the thread's own, and for a task
    std::vector<std::string> backtrace;  // innermost first; empty when not asked for, and for a task
};

enum class backtraces { without, with };

// Every fiber and task of the calling thread's hub that has not ended, the main fiber first, then in order of their
// ids. Does not park, and may be called in a hub callback.
std::vector<fiber_info> fibers(backtraces wanted = backtraces::with);

// Prints a fiber on a line, with its backtrace below:
//
//     "reader" (12), 2.5 s old: read fd 7 readable, timer in 3 s; stack 1.1 of 256 KiB
//         handle_client(tcp_stream&)
std::ostream& operator<<(std::ostream& out, const fiber_info& fiber);

// Prints fibers(): how many, and each of them.
void print_fibers(std::ostream& out, backtraces wanted = backtraces::with);

}  // namespace green::inspect

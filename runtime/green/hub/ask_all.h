// SPDX-License-Identifier: BSL-1.0
// Asking every hub of the process to do something soon, also from a signal handler.
#pragma once

#include <green/hub/loop.h>

namespace green::detail {

// Each hub that a thread has calls f on its own context soon; one that was asked before and has not answered yet is
// not asked twice. Returns how many were asked. One f per process: a later one replaces it for requests under way.
// Async-signal-safe, any thread.
using hub_function = void (*)(hub&) noexcept;
unsigned ask_all_hubs(hub_function f) noexcept;

// How many hubs have not answered yet.
unsigned unanswered_count() noexcept;

// In the child of a fork: no thread turns the other loops any more, and nothing may be sent to them.
void disown_other_hubs(loop& kept) noexcept;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// Which hub the calling thread has, and who runs on it, in one instruction.
#pragma once

namespace green {
class hub;
}

namespace green::detail {

// Null until the thread needs one. Initial-exec, and read anew by every caller: fibers never change threads, so a
// compiler that remembers the address is right. Written by hub.cpp alone.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit hub* current_hub;

// Who runs: a fiber, a task, or the hub's own context. Null until the thread has fibers (running_agent() makes it
// have them). Written by whoever switches.
class agent;
[[gnu::tls_model("initial-exec")]] extern thread_local constinit agent* current_agent;

}  // namespace green::detail

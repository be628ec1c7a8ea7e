// SPDX-License-Identifier: BSL-1.0
// Which hub the calling thread has, in one instruction.
#pragma once

namespace green {
class hub;
}

namespace green::detail {

// Null until the thread needs one. Initial-exec, and read anew by every caller: fibers never change threads, so a
// compiler that remembers the address is right. Written by hub.cpp alone.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit hub* current_hub;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// The signal that system(3) blocks until it ends, and what the program sees of its signal mask meanwhile. (The masks of
// ppoll(2) and its like: interruption.h.)
#pragma once

namespace green::monkeypatch::detail {

// Of the calling thread. The program sees SIGCHLD as it would be without this. Counted.
void hold_child_signal() noexcept;
void release_child_signal() noexcept;
// In the child of a fork: released, however often it was held.
void forget_held_child_signal() noexcept;

}  // namespace green::monkeypatch::detail

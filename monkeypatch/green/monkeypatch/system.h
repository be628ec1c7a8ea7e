// SPDX-License-Identifier: BSL-1.0
// What a call of system(3) that is under way means for others of its thread.
#pragma once

#include <signal.h>

namespace green::monkeypatch::detail {

// The signal mask of the calling thread as the program has it: without what system() has added.
sigset_t mask_for_children() noexcept;

}  // namespace green::monkeypatch::detail

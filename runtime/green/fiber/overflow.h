// SPDX-License-Identifier: BSL-1.0
// A fiber that overflows its stack is reported by name before the process dies of it.
#pragma once

namespace green::detail {

// Gives the calling thread an alternate signal stack and, once per process, takes SIGSEGV and SIGBUS. For threads that
// hand out stacks, before they do. A fault in the running fiber's guard is reported on standard error; every fault then
// goes to the handler that was there before, or kills the process as it would have.
void report_stack_overflows() noexcept;

}  // namespace green::detail

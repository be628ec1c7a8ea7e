// SPDX-License-Identifier: BSL-1.0
// What the outermost catch (...) of a stack or a coroutine has caught.
#pragma once

#include <green/base/check.h>

#include <exception>
#include <source_location>

namespace green::detail {

// The exception that is being handled, in a handler that does not throw it on. One that is not C++'s has no
// exception_ptr: pthread_exit(3) and pthread_cancel(3) unwind the stack by such a one, and mean all of the thread. It
// has come to the end of this stack, while the thread's own is another, so nobody can take it further; it aborts by
// saying so. (glibc would, as soon as the handler is left: "FATAL: exception not rethrown".)
inline std::exception_ptr caught_at_the_end(std::source_location where = std::source_location::current()) noexcept {
    std::exception_ptr caught = std::current_exception();
    check(caught != nullptr,
          "pthread_exit() or pthread_cancel() in a fiber, greenlet or task, whose stack is not its thread's; only the "
          "main fiber of a thread can end the thread",
          where);
    return caught;
}

}  // namespace green::detail

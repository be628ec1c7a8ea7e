// SPDX-License-Identifier: BSL-1.0
// What green does about a bug in the program: say what, where and in which fiber, then abort.
#pragma once

#include <source_location>

namespace green::detail {

// Prints "green: MESSAGE (FUNCTION, FILE:LINE, fiber NAME)" to standard error and aborts.
[[noreturn]] void fail(const char* message, std::source_location where = std::source_location::current()) noexcept;

// Aborts with `message` unless `condition` holds. For broken invariants and misuse that cannot be undone;
// expected outcomes of I/O are exceptions instead.
inline void check(bool condition, const char* message,
                  std::source_location where = std::source_location::current()) noexcept {
    if (!condition) [[unlikely]] fail(message, where);
}

// Supplies the name of the running fiber to fail(). Set by the fiber room, because this room knows no fibers.
using name_writer = void (*)(char* out, unsigned capacity) noexcept;
void set_running_name_writer(name_writer writer) noexcept;

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What a thread sleeps in, as people call it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace green::monkeypatch::detail {

// Writes the libc function that the instruction at `instruction` is part of, "flock"; where that is none that libc shows
// (a lock's wait, a direct system call), the system call: "futex". -1 stands for a sleep in none: a page is fetched.
// Takes the dynamic loader's lock, allocates nothing. Does not park.
void write_call_name(std::span<char> into, std::uintptr_t instruction, long system_call) noexcept;

// Null for one that was not known when this was built. (A file made by system_calls.py.)
const char* name_of_system_call(long number) noexcept;

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// The situation of a fiber or task in words: one builder for would_block_forever, the end of a thread, and inspect/.
#pragma once

#include <green/base/time.h>
#include <green/hub/agent.h>

#include <exception>
#include <string>

namespace green::detail {

// "running", "ready", "not started", or what it waits for: "fiber::join of worker", "read fd 7 readable, timer in 3 s".
// On its own thread. Does not park.
std::string describe_situation(agent& of);
// What it waits for, or waited for last.
std::string describe_wait(agent& of);

// What an exception says of itself; never empty-handed, also for one that is no std::exception.
std::string describe_exception(const std::exception_ptr& e);

// A mangled name as people write it; as it is when it cannot be read.
std::string demangled(const char* symbol);

// "3 s", "1.5 s", "250 ms", "40 us": for people, with two or three digits.
std::string in_words(duration d);

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What hubs' threads sleep in although fibers of theirs could run: calls that the patch has not taken over, page faults,
// locks. A thread of the patch looks every millisecond at each of them (/proc/self/task/TID/syscall, proc(5)), so what
// it tells are estimates.
//
// How it keeps out of the program's way:
//
//     its descriptors     are in a table of its own (close_range(2), CLOSE_RANGE_UNSHARE): it takes no number from the
//                         program and keeps none of its files open
//     its calls           are direct system calls; it allocates nothing and takes no lock, so that nobody ever waits for
//                         it, a fork finds nothing locked, and a signal handler may read what it has counted
//     signals             are all blocked
//     its end             comes with that of the thread that started it, so that a process whose main thread has ended
//                         by pthread_exit(3) still ends with its last thread
//     deadlocks           are found as without it (loop::bystanders)
//
// What is left to see of it is one more thread, and therefore that unshare(2) and setns(2) of a user namespace fail.
#pragma once

#include <green/base/time.h>

#include <cstddef>
#include <cstdint>

namespace green::monkeypatch::detail {

// Starts the thread, which looks at every hub of the process, and at the calling thread if it may get one
// (may_have_hub). What keeps it from doing so is told by sampling_trouble().
void start_sampling() noexcept;
// In the child of a fork, where there is no such thread: forgets what the parent's has seen, and starts one.
void restart_sampling() noexcept;

// One place of the program that has slept in a system call.
struct sleeping_place {
    std::uintptr_t instruction = 0;  // behind the system call
    long system_call = 0;            // its number; -1: none
    std::uint64_t count = 0;         // at least; a short sleep is seen by chance
    duration time{};
};
// All of them, by index; false behind the last. Async-signal-safe, any thread.
bool sampled_place(std::size_t index, sleeping_place& into) noexcept;

struct sampled_work {
    duration computing{};               // not asleep
    duration longest_without_a_turn{};  // no fiber gave way to another one
};
sampled_work sampled_so_far() noexcept;

// Why nothing is seen, or not all: what failed and its errno. Null when nothing did.
struct trouble {
    const char* what = nullptr;
    int error = 0;
};
trouble sampling_trouble() noexcept;

}  // namespace green::monkeypatch::detail

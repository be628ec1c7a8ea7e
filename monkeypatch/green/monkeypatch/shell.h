// SPDX-License-Identifier: BSL-1.0
// The command of system(3) and popen(3): a child that runs `sh -c`, started and left behind in the same way for both.
#pragma once

#include <spawn.h>
#include <sys/types.h>

namespace green::monkeypatch::detail {

// Starts it, by posix_spawn(3), as libc does: no handler of pthread_atfork(3) runs. Returns 0 or an errno. Does not
// park.
int spawn_shell(pid_t& child, const char* command, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes) noexcept;

// Kills it, and parks until it has ended, which cannot be cancelled.
void end_child(pid_t child) noexcept;

// Lets it go on, and a fiber of this thread waits until it ends, so that no zombie is left. Only off a fiber, or when
// there is no memory, nobody waits.
void leave_child(pid_t child) noexcept;

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/shell.h>

#include <green/fiber/spawn.h>
#include <green/hub/uninterrupted.h>
#include <green/monkeypatch/gate.h>

#include <cerrno>
#include <optional>

#include <paths.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace green::monkeypatch::detail {

int spawn_shell(pid_t& child, const char* command, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes) noexcept {
    char name[] = "sh", option[] = "-c";
    char* const words[] = {name, option, const_cast<char*>(command), nullptr};
    return ::posix_spawn(&child, _PATH_BSHELL, actions, attributes, words, environ);
}

namespace {
void wait_for(pid_t child) noexcept {
    while (::waitpid(child, nullptr, 0) == -1 && errno == EINTR) {}
}
}  // namespace

void end_child(pid_t child) noexcept {
    std::optional<green::detail::uninterrupted> to_the_end;
    if (taken_over(family::process)) to_the_end.emplace();
    ::kill(child, SIGKILL);
    wait_for(child);
}

void leave_child(pid_t child) noexcept try {
    if (taken_over(family::process)) green::spawn([child] { wait_for(child); });
} catch (...) {  // no memory for the fiber
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <support/child.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace {

constexpr unsigned longest_life_s = 60;

std::map<std::string, void (*)()>& scenarios() {
    static std::map<std::string, void (*)()> instance;
    return instance;
}

// A file in memory: unlike a pipe it takes whatever a child says without anybody reading meanwhile.
class captured {
  public:
    captured() : fd_(memfd_create("captured", MFD_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
    }
    ~captured() { close(fd_); }
    captured(const captured&) = delete;
    captured& operator=(const captured&) = delete;

    int fd() const { return fd_; }
    std::string text() const {
        std::string all(static_cast<std::size_t>(lseek(fd_, 0, SEEK_END)), '\0');
        if (pread(fd_, all.data(), all.size(), 0) != static_cast<ssize_t>(all.size())) all += "(unreadable)";
        return all;
    }

  private:
    int fd_;
};

pid_t start(const std::string& name, int output_fd, int errors_fd) {
    posix_spawn_file_actions_t redirections;
    posix_spawn_file_actions_init(&redirections);
    posix_spawn_file_actions_adddup2(&redirections, output_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&redirections, errors_fd, STDERR_FILENO);
    // By its own path: under Valgrind /proc/self/exe is one when it is read, and another when it is executed.
    std::string program = std::filesystem::read_symlink("/proc/self/exe"), option = "--child", scenario = name;
    char* arguments[] = {program.data(), option.data(), scenario.data(), nullptr};
    pid_t child = -1;
    const int error = posix_spawn(&child, program.c_str(), &redirections, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&redirections);
    if (error) throw std::system_error(error, std::generic_category(), "posix_spawn");
    return child;
}

}  // namespace

scenario::scenario(const char* name, void (*run)()) {
    scenarios()[name] = run;
}

int run_scenario(const char* name) {
    alarm(longest_life_s);
    auto found = scenarios().find(name);
    if (found == scenarios().end()) {
        std::fprintf(stderr, "no scenario is called %s\n", name);
        return 2;
    }
    found->second();
    return 0;
}

child_end run_child(const std::string& name) {
    if (!scenarios().contains(name)) throw std::invalid_argument("no scenario is called " + name);
    captured output, errors;
    const pid_t child = start(name, output.fd(), errors.fd());
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    child_end end{.output = output.text(), .errors = errors.text()};
    if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    return end;
}

}  // namespace support

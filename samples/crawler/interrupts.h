// SPDX-License-Identifier: BSL-1.0
// Ctrl-C and SIGTERM as a descriptor that becomes readable: see signalfd(2).
#pragma once

#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace crawler {

/// SIGINT and SIGTERM are blocked while it lives; it must be made before any thread is. Never parks.
class interrupts {
  public:
    interrupts() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGTERM);
        sigprocmask(SIG_BLOCK, &signals_, &before_);
        fd_ = signalfd(-1, &signals_, SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    }
    ~interrupts() {
        // A signal that nobody took would be delivered the moment it is let through, and end the program.
        while (take()) {}
        close(fd_);
        sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    interrupts(const interrupts&) = delete;

    /// Readable when one has come.
    int fd() const { return fd_; }

    /// The number of a signal that has come, each once; 0 when there is none.
    int take() {
        signalfd_siginfo taken;
        return read(fd_, &taken, sizeof taken) > 0 ? static_cast<int>(taken.ssi_signo) : 0;
    }

  private:
    sigset_t signals_;
    sigset_t before_;
    int fd_ = -1;
};

}  // namespace crawler

// SPDX-License-Identifier: BSL-1.0
// When to ask the kernel again for a child: what a fiber does between two wait4(2) with WNOHANG. The kernel alone says
// which child is meant and what has become of it; nothing here takes a status.
//
// The end of one child makes an event, on a pidfd (pidfd_open(2), Linux 5.3). Nothing makes an event that its stop, or
// the end of any child or of one of a group: for these, and where there is no pidfd to be had, the kernel is asked
// from time to time, after an eighth of the time waited so far, at most every 20 ms. Not by SIGCHLD, which is the
// program's: it may have a handler for it, ignore it, or take it from a signalfd; several children share one; and
// another thread may get it. Nor by the list in /proc/self/task/*/children, which not every kernel has, and which a
// child that is started meanwhile is not in.
#pragma once

#include <green/base/time.h>
#include <green/fiber/scheduler.h>
#include <green/io/fd_event.h>
#include <green/monkeypatch/parked_call.h>

#include <cerrno>

#include <sys/types.h>
#include <sys/wait.h>

namespace green::monkeypatch::detail {

class child_watch {
  public:
    // Whom a call waits for and with which options, as waitid(2) has it. Opens nothing yet.
    child_watch(green::detail::scheduler& s, idtype_t kind, id_t id, int options, const char* call) noexcept
        : scheduler_(s), kind_(kind), id_(id), options_(options), call_(call) {}
    ~child_watch() { close(); }
    child_watch(const child_watch&) = delete;
    child_watch& operator=(const child_watch&) = delete;

    // Parks until it is time to ask again. Returns 0, or ECANCELED or EINTR when it is to be for the last time.
    int park() noexcept;

  private:
    void open() noexcept;
    bool begin(green::detail::watched_fd& watched) noexcept;
    void close() noexcept;
    duration pause() const noexcept;

    green::detail::scheduler& scheduler_;
    const idtype_t kind_;
    const id_t id_;
    const int options_;
    waiting_call call_;
    int pidfd_ = -1;         // until it has made its only event
    bool has_begun_ = false;
    time_point began_{};     // valid once it has begun
};

// Calls ask() until it says something else than 0, "not yet", and returns that: -1 is an error with its errno, as
// ECANCELED is. What can be had at once is had by a cancelled fiber too, so that it can clear up after itself.
template <class Ask>
long ask_until_told(green::detail::scheduler& s, idtype_t kind, id_t id, int options, const char* call,
                    Ask ask) noexcept {
    const int before = errno;
    child_watch watch(s, kind, id, options, call);
    for (int error = 0;; error = watch.park()) {
        const long answer = ask();
        if (answer > 0) errno = before;
        if (answer != 0) return answer;
        if (error) {
            errno = error;
            return -1;
        }
    }
}

// waitpid(2) without options, for another patched call: dumps and statistics show that one's name. Parks on a fiber.
pid_t wait_for_child(pid_t child, int* status, const char* call);

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/child_watch.h>

#include <green/io/fd_wait.h>
#include <green/monkeypatch/blocking.h>
#include <green/sys/calls.h>

#include <algorithm>

namespace green::monkeypatch::detail {

int child_watch::park() noexcept {
    if (!has_begun_) {
        has_begun_ = true;
        began_ = scheduler_.loop().now();
        open();
    }
    green::detail::watched_fd watched;
    const std::size_t count = begin(watched) ? 1 : 0;
    const time_point deadline = add(scheduler_.loop().now(), pause());
    const int error = wait_event(scheduler_, {&watched, count}, deadline, call_, restarts::yes);
    if (error == 0) {  // there is no second event, should the kernel say all the same "not yet"
        close();
        began_ = scheduler_.loop().now();
    }
    return error == ECANCELED || error == EINTR ? error : 0;
}

void child_watch::open() noexcept {
    const int before = errno;
    if (kind_ == P_PID)
        pidfd_ = sys::pidfd_open(static_cast<pid_t>(id_));
    else if (kind_ == P_PIDFD)
        pidfd_ = sys::copy_of(static_cast<int>(id_));
    errno = before;
}

// False when there is nothing to wait for but time.
bool child_watch::begin(green::detail::watched_fd& watched) noexcept {
    return pidfd_ >= 0 && watched.begin(scheduler_.loop().poller(), pidfd_, EPOLLIN | EPOLLHUP | EPOLLERR) == 0;
}

void child_watch::close() noexcept {
    if (pidfd_ >= 0) close_fd(pidfd_);
    pidfd_ = -1;
}

duration child_watch::pause() const noexcept {
    using namespace std::chrono_literals;
    // A child that is traced (ptrace(2)) stops for its tracer whatever the options are.
    constexpr duration at_least_for_tracers = 100ms;
    constexpr int without_event = WSTOPPED | WCONTINUED | __WALL;
    if (pidfd_ >= 0 && !(options_ & without_event)) return at_least_for_tracers;
    return std::clamp<duration>((scheduler_.loop().now() - began_) / 8, 200us, 20ms);
}

}  // namespace green::monkeypatch::detail

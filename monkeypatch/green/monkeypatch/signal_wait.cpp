// SPDX-License-Identifier: BSL-1.0
// Family signal: waiting for one. sigwait(3), sigwaitinfo(2), sigtimedwait(2) take a signal that is blocked, pause(2) and
// sigsuspend(2) wait for a handler to run.
//
// Whether a signal is there only the kernel says (sigtimedwait with no time to wait); a signalfd(2) of the same set tells
// when to ask again.
#include <green/io/fd_wait.h>
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/timespec.h>

#include <cerrno>

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace green::monkeypatch {

namespace {

using detail::restarts;
using green::detail::scheduler;

// The number of the signal, or -1 with errno.
int take_signal(scheduler& s, const sigset_t* set, siginfo_t* facts, const timespec* limit,
                detail::waiting_call&& call) noexcept {
    constexpr timespec at_once{};
    const int before = errno;
    const auto ask = original<&::sigtimedwait>();
    if (const int found = ask(set, facts, &at_once); found > 0 || errno != EAGAIN) return found;
    const time_point deadline = detail::deadline_after(s.loop().now(), limit);
    if (s.loop().now() >= deadline) return -1;
    const int fd = ::signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return ask(set, facts, limit);
    int result = 0;
    while (result == 0) {
        const int error = detail::wait_event(s, fd, EPOLLIN, deadline, call, restarts::no);
        errno = before;
        if (const int found = ask(set, facts, &at_once); found > 0)
            result = found;
        else if (error)
            result = -1;
        errno = result > 0 ? before : error == ETIMEDOUT ? EAGAIN : error;
    }
    const int error = errno;
    close_fd(fd);
    errno = error;
    return result;
}

scheduler* taken_over() noexcept {
    return detail::taken_over(family::signal);
}

// `mask` as in wait_event().
int wait_for_handler(scheduler& s, detail::waiting_call&& call, const sigset_t* mask) noexcept {
    errno = detail::wait_event(s, {}, never, call, restarts::no, mask);
    return -1;
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int sigwait(const sigset_t* set, int* number) {
    scheduler* s = taken_over();
    if (!s) return original<&::sigwait>()(set, number);
    const int before = errno;
    int found;
    do found = take_signal(*s, set, nullptr, nullptr, "sigwait");
    while (found < 0 && errno == EINTR);  // which it never reports
    const int error = errno;
    errno = before;
    if (found < 0) return error;
    *number = found;
    return 0;
}

int sigwaitinfo(const sigset_t* set, siginfo_t* facts) {
    scheduler* s = taken_over();
    if (!s) return original<&::sigwaitinfo>()(set, facts);
    return take_signal(*s, set, facts, nullptr, "sigwaitinfo");
}

int sigtimedwait(const sigset_t* set, siginfo_t* facts, const timespec* limit) {
    scheduler* s = !limit || detail::is_valid(*limit) ? taken_over() : nullptr;
    if (!s) return original<&::sigtimedwait>()(set, facts, limit);
    return take_signal(*s, set, facts, limit, "sigtimedwait");
}

int pause() {
    scheduler* s = taken_over();
    if (!s) return original<&::pause>()();
    return wait_for_handler(*s, "pause", nullptr);
}

int sigsuspend(const sigset_t* mask) {
    scheduler* s = taken_over();
    if (!s) return original<&::sigsuspend>()(mask);
    constexpr timespec at_once{};
    if (original<&::ppoll>()(nullptr, 0, &at_once, mask) != 0) return -1;  // one was pending: EINTR
    return wait_for_handler(*s, "sigsuspend", mask);
}

}  // extern "C"

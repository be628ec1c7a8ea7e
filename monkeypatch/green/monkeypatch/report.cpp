// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/report.h>

#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/statistics_text.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace green::monkeypatch::detail {

namespace {

using sys::bare_call;

constinit std::atomic<bool> is_due{false};

// The program may close its own, and one of family descriptor that is not patched even this copy: then the number is
// somebody else's, and not to be written to.
constinit int standard_error = -1;
constinit struct stat identity {};

bool is_still_there() noexcept {
    struct stat now {};
    return standard_error >= 0 && original<&::fstat>()(standard_error, &now) == 0 && now.st_dev == identity.st_dev &&
           now.st_ino == identity.st_ino;
}

// A reader who has gone away must not change what the process ends with (SIGPIPE).
class without_sigpipe {
  public:
    without_sigpipe() noexcept {
        ::sigemptyset(&set_);
        ::sigaddset(&set_, SIGPIPE);
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    }
    ~without_sigpipe() {
        const timespec at_once{};
        if (!was_pending_) bare_call(SYS_rt_sigtimedwait, &set_, nullptr, &at_once, _NSIG / 8);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    without_sigpipe(const without_sigpipe&) = delete;
    without_sigpipe& operator=(const without_sigpipe&) = delete;

  private:
    sigset_t set_, before_;
    bool was_pending_;
};

void write_all(std::string_view text) noexcept {
    constexpr timespec patience{1, 0};
    while (!text.empty()) {
        const long count = bare_call(SYS_write, standard_error, text.data(), text.size());
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (count == -EAGAIN) {  // somebody has made it non-blocking
            pollfd entry{standard_error, POLLOUT, 0};
            timespec longest = patience;
            if (bare_call(SYS_ppoll, &entry, 1, &longest, nullptr, 0) <= 0) return;
        } else if (count != -EINTR) {
            return;
        }
    }
}

[[gnu::destructor]] void end() noexcept {
    report_at_end();
}

}  // namespace

void report_when_process_ends() noexcept {
    // Before there is another thread: the kernel takes ten milliseconds to enlarge a table of descriptors that two share.
    standard_error = sys::copy_of(STDERR_FILENO);
    gather_statistics();
    if (original<&::fstat>()(standard_error, &identity) != 0) return;
    ::pthread_atfork(nullptr, nullptr, [] { is_due = true; });
    is_due = true;
}

void report_at_end() noexcept {
    if (!is_due.load(std::memory_order_relaxed) || in_vfork_child() || !is_due.exchange(false)) return;
    const int before = errno;
    if (is_still_there()) {
        static constinit statistics last;  // a fiber's stack may be small
        static constinit char text[longest_text_bytes];
        last = statistics_so_far();
        without_sigpipe guard;
        write_all(write_text(text, last));
    }
    errno = before;
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// Family process: system(3). On every thread once the family is patched, because the count of calls under way is one
// for the process: libc's own count would put back what ours has ignored, and the other way round.
//
//     while it waits      whose               how it is shared
//     SIGINT, SIGQUIT     of the process      ignored from the first call under way to the last
//     SIGCHLD             of the thread       blocked from its first call under way to the last, if there is a handler:
//                                             one that waits for any child would take the command's status
//
// So a handler of SIGCHLD runs when the last system() of its thread is over, and what other fibers of the thread start
// meanwhile by posix_spawn(3) or vfork(2) inherits the blocked signal, unless they set a mask for it.
#include <green/fiber/park.h>
#include <green/hub/sleep_operation.h>
#include <green/hub/uninterrupted.h>
#include <green/monkeypatch/child_watch.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/shell.h>
#include <green/monkeypatch/signal_mask.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

namespace green::monkeypatch {

namespace {

// Of the process; under `lock`.
struct terminal_signals {
    std::mutex lock;
    unsigned call_count = 0;
    struct sigaction interrupt {};  // what the program has set; valid while there are calls
    struct sigaction quit {};
};
constinit terminal_signals terminal;

bool is_handled(int signal_number) noexcept {
    struct sigaction now {};
    ::sigaction(signal_number, nullptr, &now);
    return (now.sa_flags & SA_SIGINFO) || (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
}

void restore_terminal_signals() noexcept {
    ::sigaction(SIGINT, &terminal.interrupt, nullptr);
    ::sigaction(SIGQUIT, &terminal.quit, nullptr);
}

// The child of a fork has none of the calls that its parent is in.
void forget_calls() noexcept {
    if (std::exchange(terminal.call_count, 0) > 0) restore_terminal_signals();
    terminal.lock.unlock();
    detail::forget_held_child_signal();
}

void follow_forks() noexcept {
    [[maybe_unused]] static const int registered =
        ::pthread_atfork([] { terminal.lock.lock(); }, [] { terminal.lock.unlock(); }, &forget_calls);
}

// As signals are during one call. Its destructor also runs when the thread is cancelled (pthread_cancel(3)).
class signals_during_call {
  public:
    signals_during_call() noexcept {
        ignore_terminal();
        ::pthread_sigmask(SIG_BLOCK, nullptr, &mask_);
        holds_child_signal_ = is_handled(SIGCHLD);
        if (holds_child_signal_) detail::hold_child_signal();
    }
    ~signals_during_call() {
        {
            std::lock_guard guard(terminal.lock);
            if (terminal.call_count > 0 && --terminal.call_count == 0) restore_terminal_signals();
        }
        if (holds_child_signal_) detail::release_child_signal();
    }
    signals_during_call(const signals_during_call&) = delete;
    signals_during_call& operator=(const signals_during_call&) = delete;

    // The program's own mask and dispositions.
    int start(pid_t& child, const char* command) const noexcept {
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setsigmask(&attributes, &mask_);
        ::posix_spawnattr_setsigdefault(&attributes, &reset_);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        const int error = detail::spawn_shell(child, command, nullptr, &attributes);
        ::posix_spawnattr_destroy(&attributes);
        return error;
    }

  private:
    void ignore_terminal() noexcept {
        std::lock_guard guard(terminal.lock);
        if (terminal.call_count++ == 0) {
            struct sigaction ignore {};
            ignore.sa_handler = SIG_IGN;
            ::sigaction(SIGINT, &ignore, &terminal.interrupt);
            ::sigaction(SIGQUIT, &ignore, &terminal.quit);
        }
        ::sigemptyset(&reset_);
        if (terminal.interrupt.sa_handler != SIG_IGN) ::sigaddset(&reset_, SIGINT);
        if (terminal.quit.sa_handler != SIG_IGN) ::sigaddset(&reset_, SIGQUIT);
    }

    bool holds_child_signal_;
    sigset_t mask_;   // of the command: the program's
    sigset_t reset_;  // what is SIG_DFL in it
};

// The command under way. When the fiber or the thread that waits for it is cancelled, it ends with it.
class command {
  public:
    explicit command(pid_t child) noexcept : child_(child) {}
    ~command() {
        if (child_ > 0) detail::end_child(child_);
    }
    command(const command&) = delete;
    command& operator=(const command&) = delete;

    // Its status, or -1 and an errno.
    int wait() {
        int status = -1;
        pid_t ended;
        do ended = detail::wait_for_child(child_, &status, "system");
        while (ended == -1 && errno == EINTR);
        if (ended == -1 && errno == ECANCELED) return -1;
        child_ = 0;
        return ended == -1 ? -1 : status;
    }

  private:
    pid_t child_;  // 0: nothing is left to be done
};

// errno as the call leaves it: what handlers and destructors do to it at the end is no business of the caller.
int run(const char* line) {
    int error = errno, status = -1;
    {
        signals_during_call signals;
        pid_t child = 0;
        if (const int refusal = signals.start(child, line)) {
            status = W_EXITCODE(127, 0);  // as a shell that cannot be executed
            error = refusal;
        } else {
            command running(child);
            status = running.wait();
            if (status == -1) error = errno;
        }
    }
    errno = error;
    return status;
}

// Whether a wait would be cancelled that began now; it is the fiber's turn to let others run, too.
bool is_cancelled() noexcept {
    green::detail::scheduler* s = detail::taken_over(family::process);
    return s && s->running().needs_attention() && s->running().must_give_up() &&
           wait_without_throwing(green::detail::sleep_operation{}) == green::detail::outcome::cancelled;
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int system(const char* line) {
    if (!detail::is_taken_over(family::process)) return original<&::system>()(line);
    follow_forks();
    if (!line) {  // whether there is a shell; a cancelled fiber may know as well
        std::optional<green::detail::uninterrupted> to_the_end;
        if (detail::taken_over(family::process)) to_the_end.emplace();
        return run("exit 0") == 0;
    }
    if (is_cancelled()) {
        errno = ECANCELED;
        return -1;
    }
    return run(line);
}

}  // extern "C"

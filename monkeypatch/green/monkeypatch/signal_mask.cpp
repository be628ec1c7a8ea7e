// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/signal_mask.h>

#include <green/monkeypatch/patch.h>

#include <utility>

#include <signal.h>

namespace green::monkeypatch {

namespace detail {

namespace {

struct child_signal {
    unsigned holds = 0;
    bool is_blocked = false;          // by us
    bool program_blocks_too = false;  // valid while it is
};
[[gnu::noinline]] child_signal& of_this_thread() noexcept {
    [[gnu::tls_model("initial-exec")]] static thread_local constinit child_signal state;
    return state;
}

sigset_t only_child_signal() noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    return set;
}

// pthread_sigmask(3) by libc's function, as the program is to see it.
template <class Real>
int change_mask(Real real, int how, const sigset_t* set, sigset_t* before) noexcept {
    child_signal& state = of_this_thread();
    if (!state.is_blocked) return real(how, set, before);
    const bool blocked_before = state.program_blocks_too;
    sigset_t wanted;
    if (set) {
        wanted = *set;
        const bool named = ::sigismember(set, SIGCHLD) == 1;
        if (how == SIG_SETMASK || named) state.program_blocks_too = how == SIG_SETMASK ? named : how == SIG_BLOCK;
        if (how == SIG_UNBLOCK)
            ::sigdelset(&wanted, SIGCHLD);
        else
            ::sigaddset(&wanted, SIGCHLD);
    }
    const int result = real(how, set ? &wanted : nullptr, before);
    if (result != 0) state.program_blocks_too = blocked_before;
    if (result == 0 && before && !blocked_before) ::sigdelset(before, SIGCHLD);
    return result;
}

void let_in_again(child_signal& state) noexcept {
    const sigset_t set = only_child_signal();
    if (std::exchange(state.is_blocked, false) && !state.program_blocks_too)
        original<&::pthread_sigmask>()(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

void hold_child_signal() noexcept {
    child_signal& state = of_this_thread();
    if (++state.holds > 1) return;
    const sigset_t set = only_child_signal();
    sigset_t before;
    if (original<&::pthread_sigmask>()(SIG_BLOCK, &set, &before) != 0) return;
    state.is_blocked = true;
    state.program_blocks_too = ::sigismember(&before, SIGCHLD) == 1;
}

void release_child_signal() noexcept {
    child_signal& state = of_this_thread();
    if (state.holds > 0 && --state.holds == 0) let_in_again(state);
}

void forget_held_child_signal() noexcept {
    of_this_thread().holds = 0;
    let_in_again(of_this_thread());
}

}  // namespace detail

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int pthread_sigmask(int how, const sigset_t* set, sigset_t* before) noexcept {
    return detail::change_mask(original<&::pthread_sigmask>(), how, set, before);
}

int sigprocmask(int how, const sigset_t* set, sigset_t* before) noexcept {
    return detail::change_mask(original<&::sigprocmask>(), how, set, before);
}

}  // extern "C"

// SPDX-License-Identifier: BSL-1.0
// Family signal: sigaction(2), and all that it is called by under older names, so that a handler is known to run, or to have
// run. The program sees its own handlers and flags; the kernel has trampoline() in their place, which calls them. Every
// other family needs that, so that these names are taken over when any is.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // some of these are; before patch.h, whose templates name them

#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/interruption.h>
#include <green/monkeypatch/patch.h>

#include <atomic>
#include <cerrno>

#include <setjmp.h>
#include <signal.h>

namespace green::monkeypatch {

namespace {

using handler = void (*)(int, siginfo_t*, void*);

// The program's handlers, where trampoline() stands for them. One with SA_SIGINFO takes three arguments, one without
// does not look at the last two (as with the kernel itself).
struct installed {
    std::atomic<handler> call{nullptr};
    std::atomic<int> flags{0};
};
constinit installed of_signal[_NSIG];
constinit std::atomic<bool> interrupts[_NSIG];  // what siginterrupt(3) has said for handlers that signal(2) installs

// Faults belong to the instruction that made them and interrupt no wait; unless somebody has sent them.
bool is_fault(int signal_number, const siginfo_t& facts) noexcept {
    return facts.si_code > 0 && (signal_number == SIGSEGV || signal_number == SIGBUS || signal_number == SIGFPE ||
                                 signal_number == SIGILL || signal_number == SIGTRAP || signal_number == SIGSYS);
}

void trampoline(int signal_number, siginfo_t* facts, void* machine_context) {
    const installed& mine = of_signal[signal_number];
    const int error = errno;
    if (!is_fault(signal_number, *facts)) detail::note_handler(signal_number, mine.flags.load(std::memory_order_relaxed) & SA_RESTART);
    errno = error;
    const handler call = mine.call.load(std::memory_order_acquire);
    if (detail::in_handler()) return call(signal_number, facts, machine_context);
    jmp_buf exit;
    detail::handler_exit.store(exit, std::memory_order_relaxed);
    if (_setjmp(exit) == 0) call(signal_number, facts, machine_context);
    detail::handler_exit.store(nullptr, std::memory_order_relaxed);
}

bool is_function(const struct sigaction& action) noexcept {
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

// The action that the program has installed, behind the one that the kernel has; which keeps the flags when it puts SIG_DFL in
// the place of a handler that was to run once.
void show_as_installed(struct sigaction& seen, handler call, int flags) noexcept {
    constexpr int made_by_libc = 0x04000000;  // SA_RESTORER, which the kernel tells
    if (is_function(seen) && seen.sa_sigaction != &trampoline) return;
    if (is_function(seen)) seen.sa_sigaction = call;
    seen.sa_flags = flags | (seen.sa_flags & made_by_libc);
}

enum class blocks : bool { nothing, itself };

sighandler_t refused() noexcept {
    errno = EINVAL;
    return SIG_ERR;
}

// The handler that was there before, or SIG_ERR with errno.
sighandler_t install(int signal_number, sighandler_t wanted, int flags, blocks meanwhile) noexcept {
    struct sigaction action {}, before;
    action.sa_handler = wanted;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    if (meanwhile == blocks::itself && sigaddset(&action.sa_mask, signal_number) != 0) return SIG_ERR;
    return ::sigaction(signal_number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

}  // namespace

void detail::take_over_handlers() noexcept {
    for (int each = 1; each < _NSIG; ++each) {
        struct sigaction now {};
        if (original<&::sigaction>()(each, nullptr, &now) != 0 || !is_function(now)) continue;
        const bool is_ours = (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == &trampoline;
        if (!is_ours) ::sigaction(each, &now, nullptr);
    }
}

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int sigaction(int signal_number, const struct sigaction* wanted, struct sigaction* before) noexcept {
    const auto real = original<&::sigaction>();
    if (signal_number <= 0 || signal_number >= _NSIG || !detail::is_any_patched()) return real(signal_number, wanted, before);
    installed& mine = of_signal[signal_number];
    const handler call = mine.call.load(std::memory_order_acquire);
    const int flags = mine.flags.load(std::memory_order_relaxed);
    struct sigaction ours;
    if (wanted && !detail::in_vfork_child()) {
        ours = *wanted;
        mine.flags.store(ours.sa_flags, std::memory_order_relaxed);
        if (is_function(ours)) {
            mine.call.store(ours.sa_sigaction, std::memory_order_release);  // a union in any case
            ours.sa_sigaction = &trampoline;
            ours.sa_flags |= SA_SIGINFO;
        }
        wanted = &ours;
    }
    const int result = real(signal_number, wanted, before);
    if (result == 0 && before) show_as_installed(*before, call, flags);
    return result;
}

sighandler_t signal(int signal_number, sighandler_t wanted) noexcept {
    if (!detail::is_any_patched()) return original<&::signal>()(signal_number, wanted);
    if (wanted == SIG_ERR) return refused();
    const bool known = signal_number > 0 && signal_number < _NSIG;
    const bool interrupting = known && interrupts[signal_number].load(std::memory_order_relaxed);
    return install(signal_number, wanted, interrupting ? 0 : SA_RESTART, blocks::itself);  // as glibc's
}

sighandler_t ssignal(int signal_number, sighandler_t wanted) noexcept {
    return ::signal(signal_number, wanted);
}

sighandler_t sysv_signal(int signal_number, sighandler_t wanted) noexcept {
    if (!detail::is_any_patched()) return original<&::sysv_signal>()(signal_number, wanted);
    if (wanted == SIG_ERR) return refused();
    return install(signal_number, wanted, SA_RESETHAND | SA_NODEFER, blocks::nothing);
}

// What signal(2) is for programs that ask for X/Open.
sighandler_t __sysv_signal(int signal_number, sighandler_t wanted) noexcept {
    return ::sysv_signal(signal_number, wanted);
}

sighandler_t sigset(int signal_number, sighandler_t wanted) noexcept {
    if (!detail::is_any_patched()) return original<&::sigset>()(signal_number, wanted);
    struct sigaction now;
    if (::sigaction(signal_number, nullptr, &now) != 0) return SIG_ERR;
    sigset_t it, held;
    sigemptyset(&it);
    sigaddset(&it, signal_number);
    const bool holds = wanted == SIG_HOLD;
    if (!holds && install(signal_number, wanted, 0, blocks::nothing) == SIG_ERR && now.sa_handler != SIG_ERR) return SIG_ERR;
    ::pthread_sigmask(holds ? SIG_BLOCK : SIG_UNBLOCK, &it, &held);
    return sigismember(&held, signal_number) ? SIG_HOLD : now.sa_handler;
}

int siginterrupt(int signal_number, int interrupting) noexcept {
    if (!detail::is_any_patched() || detail::in_vfork_child()) return original<&::siginterrupt>()(signal_number, interrupting);
    struct sigaction now;
    if (::sigaction(signal_number, nullptr, &now) != 0) return -1;
    interrupts[signal_number].store(interrupting, std::memory_order_relaxed);
    now.sa_flags = interrupting ? now.sa_flags & ~SA_RESTART : now.sa_flags | SA_RESTART;
    return ::sigaction(signal_number, &now, nullptr);
}

// Out of a handler that has interrupted the hub: the handler ends here, and the call that it was to interrupt jumps.
#define GREEN_JUMP(name, place)                                                                      \
    void name(place to, int value) noexcept {                                                        \
        const detail::jump there{original<&::name>(), to, value};                                    \
        __jmp_buf_tag* const exit = detail::handler_exit.load(std::memory_order_relaxed);            \
        if (exit && detail::postpone(there)) detail::jump{original<&::_longjmp>(), exit, 1}.make();  \
        detail::handler_exit.store(nullptr, std::memory_order_relaxed);                              \
        there.make();                                                                                \
    }
GREEN_JUMP(longjmp, jmp_buf)
GREEN_JUMP(_longjmp, jmp_buf)
GREEN_JUMP(siglongjmp, sigjmp_buf)
GREEN_JUMP(__longjmp_chk, jmp_buf)
#undef GREEN_JUMP

}  // extern "C"

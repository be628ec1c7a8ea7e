// SPDX-License-Identifier: BSL-1.0
// Family process: waiting for children (wait(2), waitpid(2), waitid(2), wait3(2), wait4(2)), and the end of this one
// (_exit(2)). Its commands are in system.cpp and popen.cpp.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/child_watch.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/report.h>
#include <green/sys/direct_call.h>

#include <sys/resource.h>
#include <sys/wait.h>

namespace green::monkeypatch {

namespace {

using green::detail::scheduler;

// The scheduler of a fiber whose call may have to wait.
scheduler* waiting_on(int options) noexcept {
    return options & WNOHANG || detail::in_vfork_child() ? nullptr : detail::taken_over(family::process);
}

pid_t wait_parking(scheduler& s, pid_t who, int* status, int options, rusage* used, const char* call) noexcept {
    const idtype_t kind = who > 0 ? P_PID : P_ALL;  // groups make no more events than all do
    auto ask = [&] { return sys::direct_call(SYS_wait4, who, status, options | WNOHANG, used); };
    return static_cast<pid_t>(detail::ask_until_told(s, kind, static_cast<id_t>(who), options, call, ask));
}

}  // namespace

pid_t detail::wait_for_child(pid_t child, int* status, const char* call) {
    scheduler* s = waiting_on(0);
    return s ? wait_parking(*s, child, status, 0, nullptr, call) : original<&::waitpid>()(child, status, 0);
}

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

pid_t wait(int* status) {
    scheduler* s = waiting_on(0);
    return s ? wait_parking(*s, -1, status, 0, nullptr, "wait") : original<&::wait>()(status);
}

pid_t waitpid(pid_t who, int* status, int options) {
    scheduler* s = waiting_on(options);
    return s ? wait_parking(*s, who, status, options, nullptr, "waitpid")
             : original<&::waitpid>()(who, status, options);
}

pid_t wait3(int* status, int options, rusage* used) noexcept {
    scheduler* s = waiting_on(options);
    return s ? wait_parking(*s, -1, status, options, used, "wait3") : original<&::wait3>()(status, options, used);
}

pid_t wait4(pid_t who, int* status, int options, rusage* used) noexcept {
    scheduler* s = waiting_on(options);
    return s ? wait_parking(*s, who, status, options, used, "wait4")
             : original<&::wait4>()(who, status, options, used);
}

int waitid(idtype_t kind, id_t id, siginfo_t* info, int options) {
    scheduler* s = waiting_on(options);
    if (s && kind == P_PIDFD && detail::is_nonblocking(static_cast<int>(id))) s = nullptr;  // EAGAIN
    if (!s) return original<&::waitid>()(kind, id, info, options);
    siginfo_t unwanted;
    siginfo_t* told = info ? info : &unwanted;
    auto ask = [&]() -> long {  // the kernel says "not yet" by si_pid
        const long failed = green::sys::direct_call(SYS_waitid, int{kind}, id, told, options | WNOHANG, nullptr);
        return failed ? failed : told->si_pid;
    };
    return detail::ask_until_told(*s, kind, id, options, "waitid", ask) > 0 ? 0 : -1;
}

void _exit(int status) {
    detail::report_at_end();
    original<&::_exit>()(status);
    __builtin_unreachable();
}

void _Exit(int status) noexcept {
    _exit(status);
}

}  // extern "C"

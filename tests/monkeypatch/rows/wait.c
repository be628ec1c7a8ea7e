/* SPDX-License-Identifier: BSL-1.0 */
/* wait, waitpid, wait3, wait4, waitid: whom they find, what they say of it, and what they refuse. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static FILE* out;
static long long begin;

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* A child that ends after some milliseconds, by a signal or with a status. SIGSTOP: it stops first. */
static pid_t child(int after_ms, int signal_number, int status) {
    fflush(out);
    const pid_t made = fork();
    if (made) return made;
    struct timespec t = {.tv_sec = 0, .tv_nsec = after_ms * 1000000L};
    nanosleep(&t, NULL);
    if (signal_number == SIGSTOP) raise(SIGSTOP);
    if (signal_number && signal_number != SIGSTOP) kill(getpid(), signal_number);
    _exit(status);
}

static void start(void) {
    errno = 4711;
    begin = now_ms();
}

static void report(const char* what, pid_t result, pid_t wanted, int status, int least_ms) {
    const int error = errno;
    const int early = now_ms() - begin < least_ms;
    fprintf(out, "%s: %s %d, status %x, errno %d, %s\n", what, result > 0 ? result == wanted ? "it" : "another" : "no",
            result > 0 ? 0 : (int)result, status, error, early ? "too early" : "not too early");
}

static void report_info(const char* what, int result, const siginfo_t* info, pid_t wanted) {
    fprintf(out, "%s: %d errno %d, signo %d code %d status %d, %s\n", what, result, errno, info->si_signo,
            info->si_code, info->si_status, info->si_pid == wanted ? "it" : "not it");
}

/* What a call has stored is looked at after it. */
#define REPORT(what, call, wanted, status, least_ms)              \
    do {                                                          \
        const pid_t result = call;                                \
        report(what, result, wanted, status, least_ms);           \
    } while (0)
#define REPORT_INFO(what, call, info, wanted)                     \
    do {                                                          \
        const int result = call;                                  \
        report_info(what, result, info, wanted);                  \
    } while (0)

static void one_child(void) {
    int status = -1;
    pid_t who;
    struct rusage used;

    who = child(20, 0, 7);
    start();
    REPORT("waitpid", waitpid(who, &status, 0), who, status, 15);
    who = child(20, SIGKILL, 0);
    start();
    REPORT("a killed one", waitpid(who, &status, 0), who, status, 15);
    who = child(20, 0, 8);
    start();
    REPORT("any", waitpid(-1, &status, 0), who, status, 15);
    who = child(20, 0, 9);
    start();
    REPORT("wait", wait(&status), who, status, 15);
    who = child(5, 0, 9);
    start();
    REPORT("wait(NULL)", wait(NULL), who, 0, 0);
    who = child(0, 0, 10);
    memset(&used, 0, sizeof used);
    start();
    REPORT("wait3", wait3(&status, 0, &used), who, status, 0);
    fprintf(out, "  %s\n", used.ru_maxrss > 0 ? "rusage filled in" : "no rusage");
    who = child(20, 0, 11);
    memset(&used, 0, sizeof used);
    start();
    REPORT("wait4", wait4(who, &status, 0, &used), who, status, 15);
    fprintf(out, "  %s\n", used.ru_maxrss > 0 ? "rusage filled in" : "no rusage");
    who = child(20, 0, 12);
    start();
    REPORT("with __WALL", waitpid(who, &status, __WALL), who, status, 15);
    who = child(20, 0, 13);
    start();
    REPORT("with __WCLONE", waitpid(who, &status, __WCLONE), who, 0, 0);
    REPORT("with __WNOTHREAD", waitpid(who, &status, __WNOTHREAD), who, status, 15);
    who = child(20, 0, 14);
    start();
    REPORT("to nowhere", waitpid(who, (int*)1, 0), who, 0, 0);
    REPORT("a second time", waitpid(who, &status, 0), who, 0, 0);
}

static void none(void) {
    int status = 4711;
    start();
    REPORT("no child", wait(&status), 0, status, 0);
    REPORT("no child by number", waitpid(getppid(), &status, 0), 0, status, 0);
    REPORT("no child in the group", waitpid(0, &status, 0), 0, status, 0);
    REPORT("no such group", waitpid(-getpid() - 1, &status, 0), 0, status, 0);
    REPORT("no group has this number", waitpid(INT_MIN, &status, 0), 0, status, 0);
    REPORT("no child, at once", waitpid(-1, &status, WNOHANG), 0, status, 0);
    REPORT("unknown options", waitpid(-1, &status, 0x4000), 0, status, 0);
    const pid_t who = child(30, 0, 1);
    start();
    REPORT("not yet", waitpid(who, &status, WNOHANG), who, status, 0);
    REPORT("now", waitpid(who, &status, 0), who, status, 20);
}

static void groups(void) {
    int status = -1;
    const pid_t first = child(40, 0, 1), second = child(10, 0, 2), third = child(25, 0, 3);
    setpgid(first, first);
    setpgid(second, second);
    setpgid(third, first);
    start();
    REPORT("in a group", waitpid(-first, &status, 0), third, status, 20);
    REPORT("then in the group", waitpid(-first, &status, 0), first, status, 35);
    REPORT("then in the group", waitpid(-first, &status, 0), 0, 0, 35);
    const pid_t fourth = child(20, 0, 4);
    start();
    REPORT("in my group", waitpid(0, &status, 0), fourth, status, 15);
    REPORT("the one that ended long ago", wait(&status), second, status, 0);
}

static void stops(void) {
    int status = -1;
    pid_t who = child(20, SIGSTOP, 5);
    start();
    REPORT("stopped", waitpid(who, &status, WUNTRACED), who, status, 15);
    kill(who, SIGCONT);
    REPORT("continued or ended", waitpid(who, &status, 0), who, status, 15);
    who = child(20, SIGSTOP, 6);
    start();
    REPORT("any stopped", waitpid(-1, &status, WUNTRACED), who, status, 15);
    start();
    REPORT("not stopped anew", waitpid(-1, &status, WUNTRACED | WNOHANG), who, status, 0);
    const pid_t helper = child(20, 0, 0);
    waitpid(helper, NULL, 0);
    kill(who, SIGSTOP);
    fflush(out);
    const pid_t waker = fork();
    if (waker == 0) {
        struct timespec t = {.tv_sec = 0, .tv_nsec = 30000000};
        nanosleep(&t, NULL);
        kill(who, SIGKILL);
        _exit(0);
    }
    start();
    REPORT("killed while stopped", waitpid(who, &status, 0), who, status, 25);
    REPORT("its killer", waitpid(waker, &status, 0), waker, status, 0);

    who = child(0, SIGSTOP, 0);
    siginfo_t info;
    memset(&info, 0, sizeof info);
    start();
    int result = waitid(P_PID, who, &info, WSTOPPED);
    report_info("waitid stopped", result, &info, who);
    kill(who, SIGCONT);
    start();
    result = waitid(P_ALL, 0, &info, WCONTINUED | WEXITED | WNOWAIT);
    fprintf(out, "then %s\n", result == 0 && info.si_pid == who ? "it" : "not it");
    result = waitid(P_PID, who, &info, WEXITED);
    report_info("waitid ended", result, &info, who);
}

static void by_waitid(void) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    pid_t who = child(20, 0, 21);
    start();
    REPORT_INFO("left there", waitid(P_PID, who, &info, WEXITED | WNOWAIT), &info, who);
    REPORT_INFO("left there again", waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), &info, who);
    REPORT_INFO("taken", waitid(P_ALL, 0, &info, WEXITED), &info, who);
    fprintf(out, "gone: %d\n", waitid(P_PID, who, &info, WEXITED));
    fprintf(out, "errno %d\n", errno);
    who = child(20, SIGTERM, 0);
    start();
    REPORT_INFO("killed", waitid(P_PGID, getpgrp(), &info, WEXITED), &info, who);
    who = child(20, 0, 22);
    start();
    fprintf(out, "untold: %d\n", waitid(P_PID, who, NULL, WEXITED));
    fprintf(out, "errno %d\n", errno);
    who = child(20, 0, 23);
    start();
    fprintf(out, "what for: %d\n", waitid(P_PID, who, &info, 0));
    fprintf(out, "errno %d\n", errno);
    start();
    fprintf(out, "of what: %d\n", waitid((idtype_t)77, who, &info, WEXITED));
    fprintf(out, "errno %d\n", errno);
    start();
    REPORT_INFO("not yet", waitid(P_PID, who, &info, WEXITED | WNOHANG), &info, 0);

    const int pidfd = (int)syscall(SYS_pidfd_open, who, 0);
    start();
    REPORT_INFO("by descriptor", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), &info, who);
    close(pidfd);
    start();
    fprintf(out, "by a closed one: %d\n", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
    fprintf(out, "errno %d\n", errno);
    who = child(30, 0, 24);
    const int eager = (int)syscall(SYS_pidfd_open, who, O_NONBLOCK);
    start();
    fprintf(out, "by one that does not block: %d\n", waitid(P_PIDFD, (id_t)eager, &info, WEXITED));
    fprintf(out, "errno %d\n", errno);
    close(eager);
    waitpid(who, NULL, 0);
}

static volatile sig_atomic_t told;
static void note(int signal_number) {
    (void)signal_number;
    ++told;
}

static void with_signals(void) {
    int status = -1;
    struct sigaction handler, before;
    memset(&handler, 0, sizeof handler);
    handler.sa_handler = note;
    handler.sa_flags = SA_RESTART;
    sigaction(SIGCHLD, &handler, &before);
    pid_t who = child(20, 0, 31);
    start();
    REPORT("with a handler", waitpid(who, &status, 0), who, status, 15);
    for (int i = 0; i < 1000 && !told; ++i) usleep(1000);
    fprintf(out, "the handler ran %d times\n", (int)told);

    handler.sa_handler = SIG_IGN;
    sigaction(SIGCHLD, &handler, NULL);
    child(20, 0, 32);
    child(50, 0, 33);
    start();
    REPORT("ignored", wait(&status), 0, 0, 45);
    who = child(20, 0, 34);
    start();
    REPORT("ignored by number", waitpid(who, &status, 0), 0, 0, 15);
    sigaction(SIGCHLD, &before, NULL);
}

void row(FILE* to) {
    out = to;
    one_child();
    none();
    groups();
    stops();
    by_waitid();
    with_signals();
}

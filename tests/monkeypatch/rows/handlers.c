/* SPDX-License-Identifier: BSL-1.0 */
/* siginterrupt, ssignal, sysv_signal, sigset: the older ways to have a handler, and whether it ends a wait. */
#include "partner.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static volatile sig_atomic_t handled;
static void handle(int number) {
    (void)number;
    ++handled;
}

static pthread_t own;
static int pair[2];

static void* act(void* goes_on) {
    pause_until_it_sleeps(20);
    pthread_kill(own, SIGALRM);
    pause_ms(30);
    if (goes_on && write(pair[1], "x", 1) != 1) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}

static void check(const char* how, int goes_on) {
    struct sigaction action;
    char c;
    sigaction(SIGALRM, NULL, &action);
    const unsigned flags = (unsigned)action.sa_flags & ~0x04000000u;  // SA_RESTORER, which is libc's
    fprintf(out, "%s: ours %d, flags %x, blocks itself %d\n", how, action.sa_handler == handle, flags,
            sigismember(&action.sa_mask, SIGALRM));
    handled = 0;
    start_partner(act, goes_on ? pair : NULL);
    errno = 4711;
    say("  read", read(pair[0], &c, 1));
    end_partner();
    sigaction(SIGALRM, NULL, &action);
    fprintf(out, "  handled %d, still ours %d\n", (int)handled, action.sa_handler == handle);
}

static void check_pause(const char* how) {
    handled = 0;
    start_partner(act, NULL);
    say(how, pause());
    end_partner();
    fprintf(out, "  handled %d\n", (int)handled);
}

static void answered(const char* what, sighandler_t before) {
    const int error = errno;
    fprintf(out, "%s: %s\n", what,
            before == SIG_ERR ? strerror(error) : before == handle ? "ours" : before == SIG_HOLD ? "held"
            : before == SIG_IGN ? "ignored" : before == SIG_DFL ? "default" : "another");
    errno = 4711;
}

void row(FILE* to) {
    out = to;
    own = pthread_self();
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    errno = 4711;

    answered("signal", signal(SIGALRM, handle));
    check("after signal", 1);
    say("siginterrupt on", siginterrupt(SIGALRM, 1));
    check("after siginterrupt on", 0);
    answered("signal", signal(SIGALRM, handle));
    check("which signal remembers", 0);
    say("siginterrupt off", siginterrupt(SIGALRM, 0));
    check("after siginterrupt off", 1);
    say("siginterrupt of no signal", siginterrupt(4711, 1));
    say("siginterrupt of SIGKILL", siginterrupt(SIGKILL, 1));

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    sigaction(SIGALRM, &action, NULL);
    check("after sigaction", 0);
    say("siginterrupt off", siginterrupt(SIGALRM, 0));
    check("then siginterrupt off", 1);
    action.sa_flags = SA_RESTART | SA_RESETHAND;
    sigaction(SIGALRM, &action, NULL);
    check("after sigaction with SA_RESTART, for once", 1);

    answered("sysv_signal", sysv_signal(SIGALRM, handle));
    check("after sysv_signal", 0);
    answered("__sysv_signal", __sysv_signal(SIGALRM, handle));
    check_pause("pause after __sysv_signal");
    answered("ssignal", ssignal(SIGALRM, handle));
    check("after ssignal", 1);
    check_pause("pause after ssignal");
    answered("sigset", sigset(SIGALRM, handle));
    check("after sigset", 0);
    check_pause("pause after sigset");
    answered("sigset that holds", sigset(SIGALRM, SIG_HOLD));
    answered("sigset that holds again", sigset(SIGALRM, SIG_HOLD));
    answered("sigset that releases", sigset(SIGALRM, handle));
    answered("sigset that ignores", sigset(SIGALRM, SIG_IGN));
    handled = 0;
    pthread_kill(own, SIGALRM);
    fprintf(out, "handled %d\n", (int)handled);
    answered("sysv_signal of no signal", sysv_signal(4711, handle));
    answered("sigset of no signal", sigset(4711, handle));
    answered("sigset that holds no signal", sigset(4711, SIG_HOLD));
    answered("sigset of SIG_ERR", sigset(SIGALRM, SIG_ERR));
    answered("ssignal of SIG_ERR", ssignal(SIGALRM, SIG_ERR));
    answered("ssignal of SIGKILL", ssignal(SIGKILL, handle));
    answered("at last", signal(SIGALRM, SIG_DFL));
    close(pair[0]);
    close(pair[1]);
}

/* SPDX-License-Identifier: BSL-1.0 */
/* system: what it returns, what signals mean to the command and to the caller, and what is left of it after. */
#include "row.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE* out;

static void run(const char* command) {
    fflush(out);
    errno = 4711;
    const int status = system(command);
    const int error = errno;
    fprintf(out, "%s: %x, errno %d\n", command, status, error);
}

static void set(int signal_number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(signal_number, &action, NULL);
}

static volatile sig_atomic_t told;
static void note(int signal_number) {
    (void)signal_number;
    ++told;
}

static void say_dispositions(void) {
    struct sigaction interrupt, quit;
    sigset_t mask;
    sigaction(SIGINT, NULL, &interrupt);
    sigaction(SIGQUIT, NULL, &quit);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    fprintf(out, "afterwards: INT %s, QUIT %s, CHLD %s, USR1 %s\n",
            interrupt.sa_handler == note ? "handled" : "not handled", quit.sa_handler == SIG_IGN ? "ignored" : "not ignored", sigismember(&mask, SIGCHLD) ? "blocked" : "open",
            sigismember(&mask, SIGUSR1) ? "blocked" : "open");
}

void row(FILE* to) {
    static const char* const show = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
    sigset_t one, before;
    out = to;
    errno = 4711;
    const int has_shell = system(NULL);
    fprintf(out, "a shell: %d, errno %d\n", has_shell, errno);
    run("true");
    run("");
    run("exit 7");
    run("kill -TERM $$");
    run("no-such-command-at-all 2>/dev/null");
    run("echo out; echo err >&2");
    run("sleep 0.05; exit 3");
    run("(sleep 0.02; exit 5) & wait $!");

    run(show);
    run("kill -INT $PPID; kill -QUIT $PPID; exit 9");
    set(SIGINT, note);
    set(SIGQUIT, SIG_IGN);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    run(show);
    run("kill -INT $PPID; kill -QUIT $PPID; exit 9");
    run("kill -INT $$");
    fprintf(out, "handled: %d\n", (int)told);
    say_dispositions();

    sigaddset(&one, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &one, NULL);
    run(show);
    say_dispositions();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    set(SIGINT, SIG_DFL);
    set(SIGQUIT, SIG_DFL);

    set(SIGCHLD, note);
    run("exit 4");
    for (int i = 0; i < 1000 && !told; ++i) usleep(1000);
    fprintf(out, "told of the child: %d\n", (int)told);
    say_dispositions();
    run(show);
    set(SIGCHLD, SIG_IGN);
    run("sleep 0.02");
    set(SIGCHLD, SIG_DFL);

    fflush(out);
    const pid_t imprisoned = fork();
    if (imprisoned == 0) {
        if (chroot("/proc/self") == 0) {  /* as root; no shell in there */
            errno = 4711;
            const int status = system("true");
            const int error = errno;
            fprintf(out, "without a shell: %x, errno %d, %d\n", status, error, system(NULL));
            fflush(out);
        }
        _exit(0);
    }
    waitpid(imprisoned, NULL, 0);
}

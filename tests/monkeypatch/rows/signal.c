/* SPDX-License-Identifier: BSL-1.0 */
/* sigaction, signal: what they say of earlier handlers, and which calls a handler interrupts. Only a thread that takes
   the signal is interrupted, so that the row sends it to its own. */
#include "partner.h"

#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int handled;
static volatile int with_facts;
static void handle(int number) {
    handled = number;
}
static void handle_facts(int number, siginfo_t* facts, void* context) {
    with_facts = facts->si_signo == number && context != NULL;
    handled = number;
}

static pthread_t own;
static int pair[2];

static void* signal_later(void* argument) {
    pause_until_it_sleeps(40);
    pthread_kill(own, SIGUSR1);
    if (argument) {
        pause_ms(40);
        if (write(pair[1], "w", 1) != 1) fprintf(out, "write: %s\n", strerror(errno));
    }
    return NULL;
}

static void install(int flags) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
    handled = 0;
    start_clock();
}

static void told(const char* what, long result) {
    say(what, result);
    fprintf(out, "  handled %d\n", handled == SIGUSR1);
    say_took(35);
    handled = 0;
}

static void interrupted(const char* how, int flags) {
    fprintf(out, "%s\n", how);
    char c;
    const int restarted = flags & SA_RESTART;
    start_partner(signal_later, restarted ? pair : NULL);
    install(flags);
    told("recv", recv(pair[0], &c, 1, 0));
    end_partner();
    start_partner(signal_later, restarted ? pair : NULL);
    install(flags);
    told("read", read(pair[0], &c, 1));
    end_partner();
    start_partner(signal_later, NULL);
    install(flags);
    struct pollfd entry = {pair[0], POLLIN, 0};
    told("poll", poll(&entry, 1, 2000));
    end_partner();
    start_partner(signal_later, NULL);
    install(flags);
    struct timeval limit = {2, 0};
    fd_set reading;
    FD_ZERO(&reading);
    FD_SET(pair[0], &reading);
    told("select", select(pair[0] + 1, &reading, NULL, NULL, &limit));
    end_partner();
    start_partner(signal_later, NULL);
    install(flags);
    struct timespec wanted = {2, 0}, left = {7, 7};
    told("nanosleep", nanosleep(&wanted, &left));
    fprintf(out, "  left %ld\n", (long)left.tv_sec);
    end_partner();
    start_partner(signal_later, NULL);
    install(flags);
    told("sleep", sleep(3));
    end_partner();
    start_partner(signal_later, NULL);
    install(flags);
    told("usleep", usleep(900000));
    end_partner();
    struct timeval soon = {1, 0}, none = {0, 0};
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    start_partner(signal_later, NULL);
    install(flags);
    told("recv with a time limit", recv(pair[0], &c, 1, 0));
    end_partner();
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

static void* signal_twice(void* argument) {
    for (int i = 0; i < 2; ++i) {
        pause_ms(40);
        pthread_kill(own, *(int*)argument);
    }
    return NULL;
}

/* Of blocked signals, and of the mask that a call has for itself. */
static void waited_for(void) {
    sigset_t usr1, both, before, none;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    both = usr1;
    sigaddset(&both, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &both, &before);
    int number = SIGUSR1, seen = 0;
    siginfo_t facts;
    start_partner(signal_twice, &number);
    start_clock();
    say("sigwait", sigwait(&usr1, &seen));
    fprintf(out, "  %d\n", seen == SIGUSR1);
    say_took(35);
    say("sigwaitinfo", sigwaitinfo(&both, &facts) == SIGUSR1);
    fprintf(out, "  %d\n", facts.si_signo == SIGUSR1);
    say_took(75);
    end_partner();
    const struct timespec soon = {0, 30000000}, at_once = {0, 0}, bad = {0, -1};
    start_clock();
    say("sigtimedwait", sigtimedwait(&both, &facts, &soon));
    say_took(28);
    say("sigtimedwait at once", sigtimedwait(&both, &facts, &at_once));
    say("sigtimedwait with a bad limit", sigtimedwait(&both, &facts, &bad));
    pthread_kill(own, SIGUSR2);
    say("sigtimedwait for what is there", sigtimedwait(&both, NULL, &soon) == SIGUSR2);

    install(0);
    pthread_kill(own, SIGUSR1);
    say("sigsuspend with one that is there", sigsuspend(&none));
    fprintf(out, "  handled %d\n", handled == SIGUSR1);
    handled = 0;
    pthread_kill(own, SIGUSR1);
    struct timespec long_time = {3, 0};
    struct pollfd entry = {pair[0], POLLIN, 0};
    say("ppoll with one that is there", ppoll(&entry, 1, &long_time, &none));
    fprintf(out, "  handled %d\n", handled == SIGUSR1);
    /* Where the call has an answer at once the signal stays where it is. */
    struct pollfd ready = {pair[1], POLLOUT, 0};
    handled = 0;
    pthread_kill(own, SIGUSR1);
    say("ppoll of what is ready", ppoll(&ready, 1, &long_time, &none));
    fprintf(out, "  handled %d\n", handled == SIGUSR1);
    fd_set writing;
    FD_ZERO(&writing);
    FD_SET(pair[1], &writing);
    say("pselect of what is ready", pselect(pair[1] + 1, NULL, &writing, NULL, &long_time, &none));
    fprintf(out, "  handled %d\n", handled == SIGUSR1);
    say("sigtimedwait for what is still there", sigtimedwait(&both, NULL, &soon) == SIGUSR1);
    start_partner(signal_later, NULL);
    install(0);
    told("sigsuspend", sigsuspend(&none));
    end_partner();
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    fprintf(out, "the mask is as it was: %d %d\n", sigismember(&after, SIGUSR1), sigismember(&after, SIGUSR2));
    start_partner(signal_later, NULL);
    install(SA_RESTART);
    told("pause", pause());
    end_partner();
}

void row(FILE* to) {
    out = to;
    own = pthread_self();
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);

    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle_facts;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaddset(&action.sa_mask, SIGALRM);
    errno = 4711;
    say("sigaction", sigaction(SIGUSR2, &action, &before));
    fprintf(out, "  before: default %d\n", before.sa_handler == SIG_DFL);
    raise(SIGUSR2);
    fprintf(out, "  handled %d with facts %d\n", handled == SIGUSR2, with_facts);
    say("sigaction that asks", sigaction(SIGUSR2, NULL, &before));
    fprintf(out, "  it is ours %d, flags %x, blocks SIGALRM %d\n", before.sa_sigaction == handle_facts,
            (unsigned)before.sa_flags & ~0x04000000u, sigismember(&before.sa_mask, SIGALRM));
    fprintf(out, "signal knows what was before: %d\n", signal(SIGUSR2, SIG_IGN) != SIG_DFL);
    fprintf(out, "signal says ignored: %d\n", signal(SIGUSR2, handle) == SIG_IGN);
    fprintf(out, "signal says handle: %d\n", signal(SIGUSR2, SIG_DFL) == handle);
    errno = 4711;
    fprintf(out, "signal of no signal: %d\n", signal(4711, handle) == SIG_ERR);
    say("sigaction of no signal", sigaction(0, NULL, &before));
    say("sigaction of SIGKILL", sigaction(SIGKILL, &action, NULL));

    interrupted("without SA_RESTART", 0);
    interrupted("with SA_RESTART", SA_RESTART);
    waited_for();
    close(pair[0]);
    close(pair[1]);
}

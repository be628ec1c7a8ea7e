/* SPDX-License-Identifier: BSL-1.0 */
/* Calls that a signal handler makes while it has interrupted anything at all; handlers that are left by a jump; what they close;
   signals of faults that somebody has sent. */
#include "partner.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

void _longjmp(jmp_buf to, int value);       /* hidden without _DEFAULT_SOURCE */
void __longjmp_chk(jmp_buf to, int value);  /* what fortified programs call */

static pthread_t own;
static int self_pipe[2];
static volatile long handled, failed;

static void call_many(int number) {
    const int before = errno;
    (void)number;
    char c = 0;
    usleep(1);
    if (write(self_pipe[1], &c, 1) != 1) ++failed;
    struct pollfd entry = {self_pipe[0], POLLIN, 0};
    if (poll(&entry, 1, 1) != 1) ++failed;
    struct timeval limit = {0, 10};
    fd_set reading;
    FD_ZERO(&reading);
    FD_SET(self_pipe[0], &reading);
    if (select(self_pipe[0] + 1, &reading, NULL, NULL, &limit) != 1) ++failed;
    if (read(self_pipe[0], &c, 1) != 1) ++failed;
    ++handled;
    errno = before;
}

static volatile int over;
static void* send_many(void* unused) {
    while (!over) {
        pthread_kill(own, SIGUSR1);
        usleep(150);
    }
    return unused;
}

/* Malloc and the calls that wait or could: whatever of them is interrupted. */
static void interrupt_everything(void) {
    struct sigaction action = {.sa_handler = call_many, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    void* held[64] = {NULL};
    long wrong = 0;
    over = 0;
    start_partner(send_many, NULL);
    for (unsigned i = 0; handled < 1000 && i < 10000000; ++i) {
        char c = (char)i;
        free(held[i % 64]);
        held[i % 64] = malloc(i * 7919u % 3000u);
        if (write(pair[1], &c, 1) != 1 || read(pair[0], &c, 1) != 1 || c != (char)i) ++wrong;
        if (i % 16 == 0) usleep(20);
    }
    over = 1;
    end_partner();
    for (int i = 0; i < 64; ++i) free(held[i]);
    close(pair[0]);
    close(pair[1]);
    fprintf(out, "interrupted: handled %d, failed in the handler %ld, wrong outside %ld\n", handled >= 1000, failed, wrong);
}

static sigjmp_buf back;
static volatile int by;
static void jump(int number) {
    (void)number;
    switch (by) {
        case 0: siglongjmp(back, 1);
        case 1: longjmp(*(jmp_buf*)&back, 1);
        case 2: _longjmp(*(jmp_buf*)&back, 1);
        default: __longjmp_chk(*(jmp_buf*)&back, 1);
    }
}

static void* signal_later(void* number) {
    pause_until_it_sleeps(20);
    pthread_kill(own, (int)(long)number);
    return NULL;
}

/* Out of a sleep; and the next one is as any. */
static void leave_by_jump(void) {
    struct sigaction action = {.sa_handler = jump};
    sigaction(SIGUSR1, &action, NULL);
    for (by = 0; by < 4; ++by) {
        start_partner(signal_later, (void*)SIGUSR1);
        if (sigsetjmp(back, 1) == 0) {
            sleep(5);
            fprintf(out, "nobody jumps\n");
        }
        end_partner();
        start_clock();
        say("slept after a jump", usleep(20000));
        say_took(20);
    }
}

static int pair[2];
static void close_one(int number) {
    (void)number;
    close(pair[0]);
}

static void close_in_handler(int flags) {
    char c;
    struct sigaction action = {.sa_handler = close_one, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    start_partner(signal_later, (void*)SIGUSR1);
    errno = 4711;
    say("recv of what a handler closes", recv(pair[0], &c, 1, 0));
    end_partner();
    int again[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, again);
    say("the next of that number", write(again[1], "n", 1));
    say("  is read", read(again[0], &c, 1));
    close(again[0]);
    close(again[1]);
    close(pair[1]);
}

static void count(int number) {
    (void)number;
    ++handled;
}

static void send_faults(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; ++i) {
        struct sigaction action = {.sa_handler = count}, before;
        handled = 0;
        sigaction(faults[i], &action, &before);
        start_partner(signal_later, (void*)(long)faults[i]);
        struct timespec wanted = {3, 0};
        errno = 4711;
        say("sleep that a sent fault ends", nanosleep(&wanted, NULL));
        fprintf(out, "  handled %ld\n", handled);
        end_partner();
        sigaction(faults[i], &before, NULL);
    }
}

static void run_once(void) {
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESETHAND | SA_NODEFER}, now;
    sigaction(SIGUSR1, &action, NULL);
    pthread_kill(own, SIGUSR1);
    sigaction(SIGUSR1, NULL, &now);
    fprintf(out, "once: default %d, flags %x\n", now.sa_handler == SIG_DFL, (unsigned)now.sa_flags & ~0x04000000u);
}

static void show_masks(const char* when) {
    sigset_t by_process, by_thread;
    sigprocmask(SIG_BLOCK, NULL, &by_process);
    pthread_sigmask(SIG_BLOCK, NULL, &by_thread);
    fprintf(out, "%s: SIGCHLD %d %d, SIGUSR2 %d %d\n", when, sigismember(&by_process, SIGCHLD), sigismember(&by_thread, SIGCHLD),
            sigismember(&by_process, SIGUSR2), sigismember(&by_thread, SIGUSR2));
}

/* Which thread a handler of SIGCHLD runs on is nobody's choice. */
static void masks(void) {
    struct sigaction action = {.sa_handler = count}, before;
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaction(SIGCHLD, &action, &before);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    say("system", system("exit 3"));
    show_masks("after it");
    sigprocmask(SIG_SETMASK, &old, NULL);
    show_masks("at last");
    sigaction(SIGCHLD, &before, NULL);
}

void row(FILE* to) {
    out = to;
    own = pthread_self();
    if (pipe(self_pipe) != 0) return;
    interrupt_everything();
    close_in_handler(0);
    close_in_handler(SA_RESTART);
    send_faults();
    run_once();
    masks();
    leave_by_jump();
    signal(SIGUSR1, SIG_DFL);
    close(self_pipe[0]);
    close(self_pipe[1]);
}

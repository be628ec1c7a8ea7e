/* SPDX-License-Identifier: BSL-1.0 */
/* A program that runs itself anew, with a counter; each time it looks what it was given. */
#include "say.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void* execute(void* words) {
    execv("/proc/self/exe", words);
    return NULL;
}

static void handle(int number) {
    (void)number;
}

int main(int count, char** words) {
    const int turn = count > 1 ? atoi(words[1]) : 0;
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    say("turn %d, SIGUSR1 blocked: %d", turn, sigismember(&blocked, SIGUSR1));
    for (int number = 1; number < 65; ++number) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) say("signal %d has a handler", number);
    }
    for (int fd = 0; fd < 2048; ++fd)
        if (fcntl(fd, F_GETFD) >= 0) say("open: %d", fd);
    usleep(1000);
    if (turn == 4) return 4;
    signal(SIGUSR2, handle);
    if (turn == 1) {
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        sigprocmask(SIG_BLOCK, &blocked, NULL);
    }
    char next[16];
    snprintf(next, sizeof next, "%d", turn + 1);
    char* following[] = {words[0], next, NULL};
    if (turn == 2) {
        pthread_t thread;
        pthread_create(&thread, NULL, execute, following);
        pthread_join(thread, NULL);
    }
    execute(following);
    return 1;
}

/* SPDX-License-Identifier: BSL-1.0 */
/* How a program can end: ends WAY, after a wait. Its exit status or signal is what the caller sees. */
#include "say.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_t main_thread;

static void at_exit(void) {
    say("at exit");
    usleep(500);
}
static void exit_in_handler(int number) {
    _exit(number);
}
static void* exit_by_thread(void* unused) {
    (void)unused;
    usleep(2000);
    exit(12);
}
static void* outlive_main(void* unused) {
    (void)unused;
    said("join", pthread_join(main_thread, NULL));
    usleep(2000);
    say("the last thread ends");
    return NULL;
}

int main(int count, char** words) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const char* way = count > 1 ? words[1] : "";
    atexit(at_exit);
    usleep(1000);
    int ends[2];
    if (pipe(ends) != 0) return 1;
    pthread_t thread;
    main_thread = pthread_self();
    if (strcmp(way, "return") == 0) return 7;
    if (strcmp(way, "exit") == 0) exit(8);
    if (strcmp(way, "_exit") == 0) _exit(9);
    if (strcmp(way, "quick_exit") == 0) quick_exit(10);
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "kill") == 0) kill(getpid(), SIGTERM), sleep(60);
    if (strcmp(way, "alarm") == 0) ualarm(20000, 20000), sleep(60);
    if (strcmp(way, "handler") == 0) signal(SIGALRM, exit_in_handler), ualarm(20000, 20000), pause();
    if (strcmp(way, "pipe") == 0) close(ends[0]), (void)!write(ends[1], "x", 1);
    if (strcmp(way, "closed-pipe-ignored") == 0) {
        signal(SIGPIPE, SIG_IGN);
        close(ends[0]);
        said("write", write(ends[1], "x", 1));
    }
    if (strcmp(way, "closed-socket") == 0) {
        int pair[2];
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        close(pair[0]);
        said("send", send(pair[1], "x", 1, MSG_NOSIGNAL));
        said("send", send(pair[1], "x", 1, 0));
    }
    if (strcmp(way, "thread") == 0) pthread_create(&thread, NULL, exit_by_thread, NULL), sleep(60);
    if (strcmp(way, "pthread_exit") == 0) pthread_create(&thread, NULL, outlive_main, NULL), pthread_exit(NULL);
    if (strcmp(way, "child") == 0) {
        if (fork() == 0) usleep(1000), exit(11);
        int status;
        wait(&status);
        return WEXITSTATUS(status);
    }
}

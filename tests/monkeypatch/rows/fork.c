/* SPDX-License-Identifier: BSL-1.0 */
/* fork, vfork, posix_spawn, daemon: children in which all calls work, and whose own children are theirs. */
#include "row.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE* out;

static int status_of(pid_t child) {
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static void* sleep_a_little(void* argument) {
    usleep(1000);
    return argument;
}

/* Each step that works adds a bit. */
static int work_in_child(int depth) {
    int done = 0;
    char line[20] = "";
    pthread_t thread;
    void* result = NULL;
    if (waitpid(-1, NULL, 0) == -1 && errno == ECHILD) done |= 1;
    if (usleep(2000) == 0) done |= 2;
    if (system("sleep 0.01; exit 3") == 0x300) done |= 4;
    FILE* stream = popen("sleep 0.01; echo yes", "r");
    if (fgets(line, sizeof line, stream) && strcmp(line, "yes\n") == 0 && pclose(stream) == 0) done |= 8;
    if (pthread_create(&thread, NULL, sleep_a_little, &done) == 0 && pthread_join(thread, &result) == 0)
        done |= result == &done ? 16 : 0;
    const pid_t child = fork();
    if (child == 0) _exit(depth > 0 ? work_in_child(depth - 1) : 5);
    if (status_of(child) == (depth > 0 ? 63 << 8 : 5 << 8)) done |= 32;
    return done;
}

static void spawn(void) {
    char* words[] = {"sh", "-c", "exit 6", NULL};
    char* none[] = {NULL};
    pid_t child;
    fprintf(out, "posix_spawn: %d, ", posix_spawn(&child, "/bin/sh", NULL, NULL, words, none));
    fprintf(out, "%x\n", status_of(child));
    child = vfork();
    if (child == 0) {
        execv("/bin/sh", words);
        _exit(1);
    }
    fprintf(out, "vfork: %x\n", status_of(child));
    child = fork();
    if (child == 0) _Exit(7);
    fprintf(out, "_Exit: %x\n", status_of(child));
}

/* The daemon answers through a pipe, which outlives the process that called daemon(). */
static void become_daemon(void) {
    fflush(out);
    int ends[2];
    char answer[100] = "";
    if (pipe(ends) != 0) return;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        const pid_t before = getpid();
        const int result = daemon(1, 1);
        const int slept = usleep(2000), ran = system("exit 2");
        const int size = snprintf(answer, sizeof answer, "daemon: %d, %s, session of its own %d, %d, %x", result,
                                  getpid() != before ? "another process" : "the same", getsid(0) == getpid(), slept,
                                  ran);
        const ssize_t written = write(ends[1], answer, (size_t)size);
        _exit(written == size ? 0 : 1);
    }
    close(ends[1]);
    fprintf(out, "who called daemon: %x\n", status_of(child));
    const ssize_t size = read(ends[0], answer, sizeof answer - 1);
    fprintf(out, "%.*s\n", (int)size, answer);
    close(ends[0]);
}

void row(FILE* to) {
    out = to;
    fflush(out);
    const pid_t child = fork();
    if (child == 0) _exit(work_in_child(2));
    fprintf(out, "the child's steps: %d\n", status_of(child) >> 8);

    fflush(out);
    const pid_t exiting = fork();
    if (exiting == 0) {
        usleep(1000);
        exit(9);
    }
    fprintf(out, "exit(9): %x\n", status_of(exiting));
    fflush(out);
    const pid_t returning = fork();
    if (returning == 0) {
        fclose(stdin);
        _exit(system("true"));
    }
    fprintf(out, "with stdin closed: %x\n", status_of(returning));
    spawn();
    become_daemon();
    errno = 0;
    fprintf(out, "no child is left: %d\n", (int)wait(NULL));
    fprintf(out, "errno %d\n", errno);
}

/* SPDX-License-Identifier: BSL-1.0 */
/* vfork, posix_spawn and their like; what the new programs inherit. */
#include "say.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void ended(const char* what, pid_t child) {
    int status = 0;
    if (said(what, waitpid(child, &status, 0) == child) == 1) say("  status %x", (unsigned)status);
}

static void by_vfork(void) {
    static char* words[] = {"sh", "-c", "exit 5", NULL};
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/sh", words);
        _exit(1);
    }
    ended("vfork and exec", child);
    child = vfork();
    if (child == 0) _exit(6);
    ended("vfork and _exit", child);
    int ends[2];
    if (pipe(ends) != 0) return;
    child = vfork();
    if (child == 0) {  // as subprocess.Popen and popen do it
        dup2(ends[1], 1);
        close(ends[0]);
        close_range(3, ~0u, 0);
        static char* listing[] = {"sh", "-c", "echo /proc/self/fd/*", NULL};
        execv("/bin/sh", listing);
        _exit(1);
    }
    close(ends[1]);
    char text[200] = "";
    size_t have = 0;
    for (ssize_t n; (n = read(ends[0], text + have, sizeof text - 1 - have)) > 0;) have += (size_t)n;
    close(ends[0]);
    ended("vfork, dup2, close_range and exec", child);
    say("  %s", text);
    said("the parent still sleeps", usleep(1000));
}

static void by_spawn(void) {
    static char* words[] = {"sh", "-c", "read line; echo got $line; kill -TERM $$", NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    pid_t child;
    said("posix_spawn", posix_spawn(&child, "/bin/sh", &actions, &how, words, environ));
    usleep(2000);
    if (write(ends[1], "this\n", 5) != 5) perror("write");  /* says nothing else: from here on the child does */
    ended("its end", child);
    said("posix_spawnp", posix_spawnp(&child, "true", NULL, NULL, words, environ));
    ended("its end", child);
    said("of nothing", posix_spawnp(&child, "no-such-program", NULL, NULL, words, environ));
    close(ends[0]), close(ends[1]);
}

static void handle(int number) {
    (void)number;
}

int main(int count, char** words) {
    (void)words;
    if (count > 1) usleep(1000);
    signal(SIGCHLD, handle);
    by_vfork();
    by_spawn();
    const pid_t child = fork();
    if (child == 0) execlp("sh", "sh", "-c", "trap; ulimit -n >&2; exit 7", (char*)NULL);
    ended("fork and exec", child);
}

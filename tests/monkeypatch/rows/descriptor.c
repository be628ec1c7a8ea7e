/* SPDX-License-Identifier: BSL-1.0 */
/* close, dup2, dup3, close_range, closefrom, fclose, closedir: which numbers there are, and what becomes of old ones. */
#include "partner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    int fd;
    const char* text;
};

static void* write_later(void* argument) {
    const struct job* job = argument;
    pause_ms(20);
    if (write(job->fd, job->text, strlen(job->text)) < 0) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}

/* A pair under the lowest numbers, of which one is read from after a wait. */
static void read_from_pair(const char* what, int at) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    const int fd = at >= 0 ? dup2(pair[0], at) : pair[0];
    struct job job = {pair[1], what};
    char buffer[64] = "";
    start_partner(write_later, &job);
    errno = 4711;
    say("read", read(fd, buffer, sizeof buffer));
    fprintf(out, "  %s\n", buffer);
    end_partner();
    if (fd != pair[0]) close(pair[0]);
    close(pair[1]);
    close(fd);
}

/* close_range and closefrom take the caller's stdio too: in a child. */
static void in_a_child(void (*act)(int)) {
    int report[2];
    if (pipe(report) != 0) return;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(report[1], 2);
        act(2);
        _exit(0);
    }
    close(report[1]);
    char text[256] = "";
    size_t have = 0;
    for (ssize_t n; (n = read(report[0], text + have, sizeof text - 1 - have)) > 0;) have += (size_t)n;
    fprintf(out, "%s", text);
    close(report[0]);
    int status;
    waitpid(child, &status, 0);
    fprintf(out, "child's status %x\n", (unsigned)status);
}

static void tell(int to, const char* what, long result) {
    dprintf(to, "%s: %ld\n", what, result);
}

static void close_by_range(int to) {
    tell(to, "close_range", close_range(3, ~0u, 0));
    tell(to, "next number", open("/dev/null", O_RDONLY));
    tell(to, "usleep", usleep(1000));
    tell(to, "close_range of nothing", close_range(5, 4, 0));
    tell(to, "close_range with unknown flags", close_range(3, 4, 64));
}
static void close_from(int to) {
    closefrom(3);
    tell(to, "next number", open("/dev/null", O_RDONLY));
    tell(to, "usleep", usleep(1000));
}
static void close_each(int to) {
    for (int fd = 3; fd < 1100; ++fd) close(fd);
    tell(to, "next number", open("/dev/null", O_RDONLY));
    tell(to, "usleep", usleep(1000));
}

void row(FILE* to) {
    out = to;
    read_from_pair("first", -1);
    read_from_pair("the same numbers again", -1);
    read_from_pair("by dup2", 20);
    read_from_pair("by dup2 again", 20);
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    errno = 4711;
    say("dup3 with close-on-exec", dup3(pair[0], 21, O_CLOEXEC));
    fprintf(out, "  %d\n", fcntl(21, F_GETFD));
    errno = 4711;
    say("dup3 onto itself", dup3(21, 21, 0));
    say("dup2 onto itself", dup2(21, 21));
    say("dup2 of a closed number", dup2(999, 21));
    say("dup2 onto a negative one", dup2(21, -1));
    say("close", close(21));
    say("close again", close(21));
    say("close -1", close(-1));

    FILE* stream = fdopen(pair[0], "r+");
    say("fclose", fclose(stream));
    close(pair[1]);
    read_from_pair("after fclose", -1);
    DIR* directory = opendir("/");
    say("closedir", closedir(directory));
    read_from_pair("after closedir", -1);
    in_a_child(close_by_range);
    in_a_child(close_from);
    in_a_child(close_each);
}

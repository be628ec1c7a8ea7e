/* SPDX-License-Identifier: BSL-1.0 */
/* close, dup2, dup3, close_range, closefrom, fclose, freopen, closedir, mq_close: which numbers there are, and what becomes of old ones. dup,
   fcntl, ioctl, fstat: what they say of a number, and what they make of it. */
#include "later.h"

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pair under the lowest numbers, of which one is read from after a wait. */
static void read_and_close(const char* what, int at, int (*close_one)(int)) {
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
    close_one(fd);
}

static int close_by_number(int fd) {
    return (int)syscall(SYS_close, fd);
}
static int close_by_range_of_one(int fd) {
    return (int)syscall(SYS_close_range, fd, fd, 0);
}
static int replace_and_close(int fd) {
    const int other = dup(2);
    int result = (int)syscall(SYS_dup3, other, fd, O_CLOEXEC);
    if (result == fd) result = (int)syscall(SYS_dup2, other, fd);
    close(other);
    return result == fd ? close_by_number(fd) : -1;
}

static void read_from_pair(const char* what, int at) {
    read_and_close(what, at, close);
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

/* All argument kinds of fcntl and ioctl, and what they and fstat say of numbers. */
static void commands(void) {
    int ends[2], flag = 1, bytes = -1;
    if (pipe(ends) != 0) return;
    char name[] = "/tmp/green-row-XXXXXX";
    const int file = mkstemp(name);
    unlink(name);
    errno = 4711;
    const int copy = dup(ends[0]);
    say("dup", copy >= 0);
    say("dup of a closed number", dup(999));
    say("dup of -1", dup(-1));
    const int high = fcntl(ends[0], F_DUPFD, 50), higher = fcntl64(ends[0], F_DUPFD_CLOEXEC, 50);
    say("F_DUPFD", high >= 50);
    say("F_DUPFD_CLOEXEC", higher > high);
    say("  F_GETFD", fcntl(high, F_GETFD));
    say("  F_GETFD", fcntl64(higher, F_GETFD));
    say("F_SETFD", fcntl(high, F_SETFD, FD_CLOEXEC));
    say("  F_GETFD", fcntl(high, F_GETFD));
    say("F_GETFL", fcntl(ends[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    say("F_SETFL", fcntl64(ends[0], F_SETFL, O_NONBLOCK));
    say("F_GETFL of its copy", fcntl(copy, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    char c;
    say("read", read(high, &c, 1));
    flag = 0;
    say("FIONBIO", ioctl(ends[0], FIONBIO, &flag));
    say("F_GETFL", fcntl(ends[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    say("write", write(ends[1], "four", 4));
    say("FIONREAD", ioctl(high, FIONREAD, &bytes));
    fprintf(out, "  %d\n", bytes);
    say("FIOCLEX", ioctl(copy, FIOCLEX));
    say("  F_GETFD", fcntl(copy, F_GETFD));
    say("TIOCGWINSZ", ioctl(ends[0], TIOCGWINSZ, name));
    say("an unknown request", ioctl(ends[0], 0xdeadbeefu, NULL));
    say("an unknown command", fcntl(ends[0], 4711, 1));
    say("FIONREAD of a closed number", ioctl(999, FIONREAD, &bytes));
    say("F_GETFD of a closed number", fcntl(999, F_GETFD));
    say("F_GETFD of -1", fcntl64(-1, F_GETFD));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
    say("F_SETLK", fcntl(file, F_SETLK, &lock));
    say("F_SETLKW", fcntl64(file, F_SETLKW, &lock));
    lock.l_pid = 0;
    say("F_OFD_GETLK", fcntl(file, F_OFD_GETLK, &lock));
    fprintf(out, "  type %d, of %d, %ld to %ld\n", lock.l_type == F_WRLCK, lock.l_pid == getpid(), (long)lock.l_start, (long)lock.l_len);
    struct stat facts;
    struct stat64 large_facts;
    say("fstat", fstat(ends[0], &facts));
    fprintf(out, "  fifo %d\n", S_ISFIFO(facts.st_mode));
    say("fstat64", fstat64(file, &large_facts));
    fprintf(out, "  file %d\n", S_ISREG(large_facts.st_mode));
    say("fstat of a closed number", fstat(999, &facts));
    say("fstat64 of -1", fstat64(-1, &large_facts));
    close(ends[0]), close(ends[1]), close(copy), close(high), close(higher), close(file);
}

/* The stream has been waited for under its number, and then gets another file, which is waited for again. */
static void reopen(FILE* (*open_again)(const char*, const char*, FILE*)) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    FILE* stream = fdopen(pair[0], "r");
    const int fd = fileno(stream);
    struct job job = {pair[1], "before"};
    char buffer[64];
    start_partner(write_later, &job);
    errno = 4711;
    say("read what is to be replaced", read(fd, buffer, sizeof buffer));
    end_partner();
    char name[] = "/tmp/green-row-XXXXXX";
    close(mkstemp(name));
    unlink(name);
    mkfifo(name, 0600);
    const int other_end = open(name, O_RDWR);
    stream = open_again(name, "r", stream);
    unlink(name);
    say("the same number", stream && fileno(stream) == fd);
    job = (struct job){other_end, "after"};
    start_partner(write_later, &job);
    struct pollfd entry = {fd, POLLIN, 0};
    say("poll", poll(&entry, 1, 5000));
    end_partner();
    errno = 4711;
    say("read its successor", read(fd, buffer, sizeof buffer));
    say("reopen what does not exist", open_again("/no/such/file", "r", stream) == NULL ? -1 : 0);
    close(other_end);
    close(pair[1]);
}
static FILE* reopen_plainly(const char* name, const char* mode, FILE* stream) {
    return freopen(name, mode, stream);
}
static FILE* reopen_large(const char* name, const char* mode, FILE* stream) {
    return freopen64(name, mode, stream);
}

static void queues(void) {
    char name[32];
    snprintf(name, sizeof name, "/green-row-%d", (int)getpid());
    struct mq_attr sizes = {.mq_maxmsg = 2, .mq_msgsize = 10};
    const mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &sizes);
    mq_unlink(name);
    if (queue < 0) return;
    struct pollfd entry = {queue, POLLIN, 0};
    say("poll of a queue", poll(&entry, 1, 20));
    say("mq_close", mq_close(queue));
    read_from_pair("after mq_close", -1);
    say("mq_close of a closed number", mq_close(999));
}

void row(FILE* to) {
    out = to;
    read_from_pair("first", -1);
    read_from_pair("the same numbers again", -1);
    read_from_pair("by dup2", 20);
    read_from_pair("by dup2 again", 20);
    read_and_close("closed by syscall", -1, close_by_number);
    read_and_close("closed by a range of one", -1, close_by_range_of_one);
    read_and_close("replaced by syscall", -1, replace_and_close);
    read_from_pair("the same numbers once more", -1);
    errno = 4711;
    say("syscall close again", close_by_number(999));
    say("syscall getpid", syscall(SYS_getpid) == getpid());
    say("syscall with six arguments", syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != -1);
    say("no such call", syscall(100000, 1, 2, 3, 4, 5, 6));
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
    DIR* volatile no_directory = NULL;
    say("closedir of none", closedir(no_directory));
    read_from_pair("after closedir", -1);
    reopen(reopen_plainly);
    reopen(reopen_large);
    queues();
    commands();
    in_a_child(close_by_range);
    in_a_child(close_from);
    in_a_child(close_each);
}

/* SPDX-License-Identifier: BSL-1.0 */
/* read, readv, write, writev on pipes, FIFOs, eventfd, timerfd, sockets, terminals and files. */
#include "later.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t __read_chk(int fd, void* buffer, size_t size, size_t buffer_size);

static char big[1 << 20];
static char buffer[1 << 16];

static void pipes(void) {
    int ends[2];
    if (pipe(ends) != 0) return;
    struct job job = {ends[1], "hello"};
    start_partner(write_later, &job);
    start_clock();
    say("read that waits", read(ends[0], buffer, sizeof buffer));
    say_took(25);
    end_partner();
    fprintf(out, "  %.5s, blocking %d\n", buffer, !(fcntl(ends[0], F_GETFL) & O_NONBLOCK));
    start_partner(write_later, &job);
    errno = 4711;
    say("__read_chk that waits", __read_chk(ends[0], buffer, 2, sizeof buffer));
    end_partner();
    char one[2], two[8];
    struct iovec parts[2] = {{one, 2}, {two, 8}};
    say("readv of the rest", readv(ends[0], parts, 2));
    start_partner(write_later, &job);
    errno = 4711;
    say("readv that waits", readv(ends[0], parts, 2));
    end_partner();

    start_partner(drain_later, &ends[0]);
    start_clock();
    say("write more than there is room for", write(ends[1], big, sizeof big));
    say_took(25);
    struct iovec many[3] = {{big, 300000}, {big, 0}, {big, 7}};
    say("writev", writev(ends[1], many, 3));
    close(ends[1]);
    void* total;
    pthread_join(partner, &total);
    fprintf(out, "  the other side had %ld\n", (long)total);
    errno = 4711;
    say("read at the end", read(ends[0], buffer, 1));
    close(ends[0]);

    if (pipe2(ends, O_NONBLOCK) != 0) return;
    errno = 4711;
    say("read without blocking", read(ends[0], buffer, 1));
    const ssize_t part = write(ends[1], big, sizeof big);
    fprintf(out, "write without blocking: %s\n", part > 0 && part < (ssize_t)sizeof big ? "a part" : "not a part");
    errno = 4711;
    say("write to a full one", write(ends[1], big, 10));
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    say("write to one whom nobody reads", write(ends[1], big, 10));
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
    say("read from a closed number", read(ends[0], buffer, 1));
    say("write to a closed number", write(ends[1], buffer, 1));
    say("read of nothing", read(-1, buffer, 0));
    struct iovec bad = {NULL, 5};
    volatile int too_many = 5000;
    say("readv of too many", readv(0, &bad, too_many));
}

static void fifos(void) {
    char name[] = "/tmp/green-fifo-XXXXXX";
    close(mkstemp(name));
    unlink(name);
    mkfifo(name, 0600);
    const int fd = open(name, O_RDWR);
    struct job job = {fd, "fifo"};
    start_partner(write_later, &job);
    start_clock();
    say("read from a FIFO", read(fd, buffer, 100));
    say_took(25);
    end_partner();
    close(fd);
    unlink(name);
}

static void counters(void) {
    const int event = eventfd(0, 0);
    uint64_t value = 0;
    start_clock();
    value = 5;
    say("write to an eventfd", write(event, &value, sizeof value));
    value = 0;
    say("read from it", read(event, &value, sizeof value));
    fprintf(out, "  %llu\n", (unsigned long long)value);
    close(event);

    const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec soon = {.it_value = {0, 30000000}};
    timerfd_settime(timer, 0, &soon, NULL);
    start_clock();
    say("read from a timerfd", read(timer, &value, sizeof value));
    say_took(28);
    close(timer);
}

static void terminals(void) {
    int master, slave;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) return;
    struct job job = {master, "typed\n"};
    start_partner(write_later, &job);
    start_clock();
    say("read from a terminal", read(slave, buffer, 100));
    say_took(25);
    end_partner();
    say("write to a terminal", write(slave, "shown\n", 6));
    close(slave);
    close(master);
}

static void sockets(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct job job = {pair[1], "socket"};
    start_partner(write_later, &job);
    start_clock();
    say("read from a socket", read(pair[0], buffer, 100));
    say_took(25);
    end_partner();
    start_partner(drain_later, &pair[1]);
    errno = 4711;
    say("write to a socket", write(pair[0], big, sizeof big));
    shutdown(pair[0], SHUT_WR);
    end_partner();
    close(pair[0]);
    close(pair[1]);
}

static void files(void) {
    char name[] = "/tmp/green-file-XXXXXX";
    const int fd = mkstemp(name);
    unlink(name);
    errno = 4711;
    say("write to a file", write(fd, big, sizeof big));
    lseek(fd, 0, SEEK_SET);
    say("read all of it", read(fd, big, sizeof big));
    say("read at its end", read(fd, big, sizeof big));
    struct iovec parts[2] = {{big, 10}, {big + 10, 20}};
    say("writev to a file", writev(fd, parts, 2));
    say("read write-only", read(1, buffer, 0));
    close(fd);
    const int null = open("/dev/null", O_RDWR);
    errno = 4711;
    say("read from /dev/null", read(null, buffer, 1));
    say("write to /dev/null", write(null, buffer, 1));
    close(null);
    const int zero = open("/dev/zero", O_RDONLY);
    say("read from /dev/zero", read(zero, buffer, 100));
    close(zero);
    const int directory = open("/", O_RDONLY);
    say("read a directory", read(directory, buffer, 1));
    close(directory);
}

void row(FILE* to) {
    out = to;
    pipes();
    fifos();
    counters();
    terminals();
    sockets();
    files();
}

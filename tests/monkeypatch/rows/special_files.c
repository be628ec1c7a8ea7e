/* SPDX-License-Identifier: BSL-1.0 */
/* read and write of terminals, eventfd, timerfd, signalfd, inotify, epoll, pidfd: what is waited for, and what is refused or
   answered at once though there is nothing. */
#include "partner.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char buffer[4096];

static void refuses(const char* what, int fd, size_t read_size, size_t write_size) {
    struct iovec part = {buffer, read_size};
    fprintf(out, "%s\n", what);
    errno = 4711;
    if (read_size) {
        say("  read", read(fd, buffer, read_size));
        say("  readv", readv(fd, &part, 1));
    }
    memset(buffer, 0, sizeof buffer);
    part.iov_len = write_size;
    if (write_size) {
        say("  write", write(fd, buffer, write_size));
        say("  writev", writev(fd, &part, 1));
    }
    close(fd);
}

static void refusals(void) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    refuses("timerfd", timerfd_create(CLOCK_MONOTONIC, 0), 4, 8);
    refuses("inotify", inotify_init(), 0, 8);
    refuses("signalfd", signalfd(-1, &one, 0), 100, 8);
    refuses("epoll", epoll_create1(0), 8, 8);
    refuses("pidfd", (int)syscall(SYS_pidfd_open, getpid(), 0), 8, 8);
    refuses("eventfd", eventfd(0, 0), 4, 4);
    refuses("eventfd without blocking", eventfd(0, EFD_NONBLOCK), 8, 0);
}

static int counter;
static uint64_t counted;
static void* read_counter(void* nothing) {
    (void)nothing;
    pause_ms(20);
    if (read(counter, &counted, sizeof counted) != sizeof counted) counted = 0;
    return NULL;
}
static void say_counted(void) {
    end_partner();
    fprintf(out, "  the other side read %llu\n", (unsigned long long)counted);
}
static void* add_to_counter(void* nothing) {
    (void)nothing;
    const uint64_t value = 3;
    pause_ms(20);
    if (write(counter, &value, sizeof value) < 0) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}

static void counters(void) {
    const uint64_t most = UINT64_MAX - 1, too_much = UINT64_MAX, few = 5;
    const void* volatile nowhere = (void*)8;
    uint64_t value;
    counter = eventfd(0, 0);
    errno = 4711;
    start_partner(add_to_counter, NULL);
    start_clock();
    say("read of an eventfd", read(counter, &value, sizeof value));
    say_took(15);
    end_partner();
    say("write of too much", write(counter, &too_much, sizeof too_much));
    say("write from nowhere", write(counter, nowhere, sizeof value));
    say("write", write(counter, &few, sizeof few));
    start_partner(read_counter, NULL);
    start_clock();
    say("write of more than there is room for", write(counter, &most, sizeof most));
    say_took(15);
    say_counted();
    say("write of too much to a full one", write(counter, &too_much, sizeof too_much));
    say("write of four bytes to a full one", write(counter, &few, 4));
    start_partner(read_counter, NULL);
    start_clock();
    say("write to a full one", write(counter, &few, sizeof few));
    say_took(15);
    say_counted();
    fprintf(out, "  blocking %d\n", !(fcntl(counter, F_GETFL) & O_NONBLOCK));
    fcntl(counter, F_SETFL, O_NONBLOCK);
    errno = 4711;
    say("write of more than there is room for, without blocking", write(counter, &most, sizeof most));
    close(counter);
}

static int master, terminal;
static void* type_later(void* text) {
    pause_ms(20);
    if (write(master, text, strlen(text)) < 0) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}

static void set_modes(int least_count, int tenths) {
    struct termios modes;
    tcgetattr(terminal, &modes);
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = (cc_t)least_count;
    modes.c_cc[VTIME] = (cc_t)tenths;
    tcsetattr(terminal, TCSANOW, &modes);
}

static void read_terminal(const char* what, long long least_ms) {
    struct iovec part = {buffer, 10};
    start_clock();
    say(what, read(terminal, buffer, 10));
    say_took(least_ms);
    start_clock();
    say("  readv", readv(terminal, &part, 1));
    say_took(least_ms);
}

static void terminals(void) {
    if (openpty(&master, &terminal, NULL, NULL, NULL) != 0) return;
    const int write_only = open(ttyname(terminal), O_WRONLY | O_NOCTTY);
    errno = 4711;
    say("read of a terminal that is open for writing", read(write_only, buffer, 10));
    close(write_only);
    set_modes(0, 0);
    read_terminal("read with neither VMIN nor VTIME", 0);
    set_modes(0, 2);
    read_terminal("read with VTIME", 190);
    set_modes(0, 20);
    start_partner(type_later, "abc");
    start_clock();
    say("read with VTIME of what is typed", read(terminal, buffer, 10));
    say_took(15);
    end_partner();
    set_modes(3, 0);
    start_partner(type_later, "def");
    say("read with VMIN", read(terminal, buffer, 10));
    end_partner();
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    say("read with VMIN, without blocking", read(terminal, buffer, 10));
    set_modes(0, 2);
    say("read with VTIME, without blocking", read(terminal, buffer, 10));
    set_modes(0, 0);
    say("read with neither, without blocking", read(terminal, buffer, 10));
    fcntl(terminal, F_SETFL, 0);
    close(terminal);
    say("read of the other end", read(master, buffer, 10));
    close(master);
}

/* A job in background: its own group, while the terminal belongs to that of its parent. */
static pid_t start_job(int report, void (*on_stop)(int)) {
    const pid_t job = fork();
    if (job != 0) return job;
    setpgid(0, 0);
    signal(SIGTTIN, on_stop);
    errno = 0;
    const long result = read(0, buffer, 10);
    dprintf(report, "a job read %ld, %s\n", result, strerror(errno));
    _exit(0);
}

static void jobs(void) {
    int report[2], status = 0;
    if (pipe(report) != 0) return;
    fflush(NULL);
    const pid_t shell = forkpty(&master, NULL, NULL, NULL);
    if (shell == 0) {
        pid_t job = start_job(report[1], SIG_DFL);
        waitpid(job, &status, WUNTRACED);
        dprintf(report[1], "stopped by SIGTTIN: %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
        tcsetpgrp(0, job);
        kill(job, SIGCONT);
        dprintf(report[1], "now\n");
        waitpid(job, &status, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpgrp());
        job = start_job(report[1], SIG_IGN);
        waitpid(job, &status, WUNTRACED);
        _exit(0);
    }
    close(report[1]);
    for (ssize_t n; (n = read(report[0], buffer, sizeof buffer)) > 0;) {
        fprintf(out, "%.*s", (int)n, buffer);
        if (memmem(buffer, (size_t)n, "now", 3) && write(master, "typed\n", 6) != 6) return;
    }
    waitpid(shell, &status, 0);
    close(report[0]);
    close(master);
}

void row(FILE* to) {
    out = to;
    refusals();
    counters();
    terminals();
    jobs();
}

/* SPDX-License-Identifier: BSL-1.0 */
/* poll, select, epoll_wait and their forms. */
#include "partner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int __poll_chk(struct pollfd* entries, nfds_t count, int limit_ms, size_t buffer_size);
int __ppoll_chk(struct pollfd* entries, nfds_t count, const struct timespec* limit, const sigset_t* mask,
                size_t buffer_size);

static int ends[2];

static void* write_later(void* argument) {
    pause_ms(30);
    if (write(ends[1], argument, 1) != 1) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}
static void* end_later(void* argument) {
    (void)argument;
    pause_ms(30);
    close(ends[1]);
    return NULL;
}

static void take(void) {
    char c;
    if (read(ends[0], &c, 1) != 1) fprintf(out, "read: %s\n", strerror(errno));
    errno = 4711;
}

static void polling(void) {
    struct pollfd entries[4] = {{ends[0], POLLIN, 99}, {-1, POLLIN, 99}, {ends[1], POLLOUT, 99}, {9999, POLLIN, 99}};
    errno = 4711;
    say("poll with a closed number", poll(entries, 4, 1000));
    for (int i = 0; i < 4; ++i) fprintf(out, "  %x\n", (unsigned)entries[i].revents);
    say("poll at once", poll(entries, 1, 0));
    start_clock();
    say("poll until the time is over", poll(entries, 2, 30));
    say_took(28);
    start_partner(write_later, "x");
    start_clock();
    say("poll until something comes", poll(entries, 2, 2000));
    say_took(25);
    fprintf(out, "  %x %x\n", (unsigned)entries[0].revents, (unsigned)entries[1].revents);
    end_partner();
    take();
    start_partner(write_later, "x");
    say("poll without a limit", poll(entries, 1, -1));
    end_partner();
    take();
    start_clock();
    say("poll of nothing", poll(NULL, 0, 20));
    say_took(18);
    struct pollfd* volatile nowhere = NULL;
    say("poll of nowhere", poll(nowhere, 3, 0));

    struct timespec limit = {0, 20000000}, none = {0, 0}, bad = {0, -1};
    sigset_t mask;
    sigemptyset(&mask);
    start_clock();
    say("ppoll", ppoll(entries, 1, &limit, &mask));
    say_took(18);
    fprintf(out, "  its limit is as it was: %ld\n", limit.tv_nsec);
    say("ppoll at once", ppoll(entries, 1, &none, NULL));
    say("ppoll with a bad limit", ppoll(entries, 1, &bad, NULL));
    start_partner(write_later, "x");
    say("ppoll without a limit", ppoll(entries, 1, NULL, NULL));
    end_partner();
    take();
    say("__poll_chk", __poll_chk(entries, 1, 5, sizeof entries));
    say("__ppoll_chk", __ppoll_chk(entries, 1, &limit, NULL, sizeof entries));

    /* many, among them the same one twice */
    enum { count = 400 };
    struct pollfd* many = calloc(count, sizeof *many);
    for (int i = 0; i < count; ++i) many[i] = (struct pollfd){i == 17 ? ends[0] : eventfd(0, 0), POLLIN, 0};
    many[count - 1] = many[17];
    start_partner(write_later, "x");
    start_clock();
    say("poll of hundreds", poll(many, count, 2000));
    say_took(25);
    fprintf(out, "  %x %x %x\n", (unsigned)many[17].revents, (unsigned)many[18].revents, (unsigned)many[count - 1].revents);
    end_partner();
    take();
    for (int i = 0; i < count - 1; ++i)
        if (i != 17) close(many[i].fd);
    free(many);
}

static void selecting(void) {
    fd_set reading, writing, special;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_ZERO(&special);
    FD_SET(ends[0], &reading);
    FD_SET(ends[0], &special);
    struct timeval limit = {0, 30000};
    start_clock();
    say("select until the time is over", select(ends[1] + 1, &reading, NULL, &special, &limit));
    say_took(28);
    fprintf(out, "  %d %d, left %ld %ld\n", FD_ISSET(ends[0], &reading), FD_ISSET(ends[0], &special), (long)limit.tv_sec,
            (long)limit.tv_usec);
    FD_SET(ends[0], &reading);
    limit = (struct timeval){5, 0};
    start_partner(write_later, "x");
    start_clock();
    say("select until something comes", select(ends[1] + 1, &reading, &writing, NULL, &limit));
    say_took(25);
    fprintf(out, "  %d, %s\n", FD_ISSET(ends[0], &reading), limit.tv_sec == 4 ? "less is left" : "wrong time left");
    end_partner();
    FD_SET(ends[1], &writing);
    say("select of two", select(ends[1] + 1, &reading, &writing, NULL, NULL));
    fprintf(out, "  %d %d\n", FD_ISSET(ends[0], &reading), FD_ISSET(ends[1], &writing));
    take();
    limit = (struct timeval){0, 0};
    FD_SET(ends[0], &reading);
    say("select at once", select(ends[0] + 1, &reading, NULL, NULL, &limit));
    limit = (struct timeval){0, 20000};
    start_clock();
    say("select as a sleep", select(0, NULL, NULL, NULL, &limit));
    say_took(18);
    FD_ZERO(&reading);
    FD_SET(200, &reading);
    say("select with a closed number", select(201, &reading, NULL, NULL, NULL));
    fprintf(out, "  %d\n", FD_ISSET(200, &reading));
    say("select with a negative count", select(-1, NULL, NULL, NULL, NULL));
    limit = (struct timeval){-1, 0};
    say("select with a bad limit", select(0, NULL, NULL, NULL, &limit));
    struct timespec soon = {0, 20000000};
    FD_ZERO(&reading);
    FD_SET(ends[0], &reading);
    start_clock();
    say("pselect", pselect(ends[0] + 1, &reading, NULL, NULL, &soon, NULL));
    say_took(18);
    fprintf(out, "  its limit is as it was: %ld\n", soon.tv_nsec);
}

static void epolling(void) {
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 77}, seen[4];
    errno = 4711;
    say("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    start_clock();
    say("epoll_wait until the time is over", epoll_wait(set, seen, 4, 30));
    say_took(28);
    start_partner(write_later, "x");
    start_clock();
    say("epoll_wait until something comes", epoll_wait(set, seen, 4, -1));
    say_took(25);
    fprintf(out, "  %x %llu\n", seen[0].events, (unsigned long long)seen[0].data.u64);
    end_partner();
    say("epoll_wait for the same edge", epoll_wait(set, seen, 4, 10));
    take();
    event.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event);
    start_partner(write_later, "x");
    say("epoll_pwait of a one-shot", epoll_pwait(set, seen, 4, 1000, NULL));
    end_partner();
    say("epoll_pwait after the shot", epoll_pwait(set, seen, 4, 10, NULL));
    event.events = EPOLLIN;
    epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event);
    struct timespec limit = {1, 0}, soon = {0, 100000};
    say("epoll_pwait2 of a level", epoll_pwait2(set, seen, 4, &limit, NULL));
    say("epoll_pwait2 of the same level", epoll_pwait2(set, seen, 4, &limit, NULL));
    take();
    say("epoll_pwait2 with microseconds", epoll_pwait2(set, seen, 4, &soon, NULL));

    const int outer = epoll_create1(0);
    struct epoll_event inner = {.events = EPOLLIN, .data.u64 = 88};
    epoll_ctl(outer, EPOLL_CTL_ADD, set, &inner);
    start_partner(write_later, "x");
    say("epoll_wait on a nested set", epoll_wait(outer, seen, 4, 1000));
    fprintf(out, "  %llu\n", (unsigned long long)seen[0].data.u64);
    end_partner();
    take();
    say("epoll_wait for no events", epoll_wait(set, seen, 0, 0));
    say("epoll_wait on no set", epoll_wait(ends[0], seen, 4, 0));
    close(outer);
    close(set);
    say("epoll_wait on a closed number", epoll_wait(set, seen, 4, 0));
}

static void ending(void) {
    struct pollfd entry = {ends[0], POLLIN | POLLRDHUP, 0};
    start_partner(end_later, NULL);
    start_clock();
    say("poll until the other side ends", poll(&entry, 1, -1));
    say_took(25);
    fprintf(out, "  %x\n", (unsigned)entry.revents);
    end_partner();
    close(ends[0]);
}

/* No more of the sets is looked at than the process has descriptors, and what lies behind them stays as it is. */
struct set_and_more {
    fd_set set;
    long more[512];
};
static void* change_behind(void* of) {
    pause_ms(10);
    ((struct set_and_more*)of)->more[0] = 4711;
    pause_ms(20);
    if (write(ends[1], "b", 1) != 1) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}
static void poll_in_vain(const char* what, int fd, short wanted) {
    struct pollfd entry = {fd, wanted, 0};
    start_clock();
    say(what, poll(&entry, 1, 20));
    say_took(18);
    fprintf(out, "  %x\n", (unsigned)entry.revents);
}

/* What has happened is not what is asked for, and the call waits on. */
static void something_else(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (write(pair[1], "x", 1) != 1) return;
    poll_in_vain("poll for an end, of data", pair[0], POLLRDHUP);
    shutdown(pair[1], SHUT_WR);
    poll_in_vain("poll for nothing, after an end", pair[0], 0);
    poll_in_vain("poll for urgent data, after an end", pair[0], POLLPRI);
    close(pair[1]);
    fd_set special;
    FD_ZERO(&special);
    FD_SET(pair[0], &special);
    struct timeval limit = {0, 20000};
    start_clock();
    say("select of what is special, of one that is gone", select(pair[0] + 1, NULL, NULL, &special, &limit));
    say_took(18);
    close(pair[0]);
}

static void with_count_of_all(void) {
    char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_NONE);
    fd_set* last = (fd_set*)(pages + 4096 - sizeof(fd_set));
    struct timeval limit = {0, 10000};
    FD_SET(ends[0], last);
    say("select at the end of a page", select(getdtablesize(), last, NULL, NULL, &limit));
    munmap(pages, 8192);
    static struct set_and_more both;
    FD_SET(ends[0], &both.set);
    start_partner(change_behind, &both);
    say("select of all", select(getdtablesize(), &both.set, NULL, NULL, NULL));
    end_partner();
    fprintf(out, "  is set %d, behind it %ld\n", FD_ISSET(ends[0], &both.set), both.more[0]);
    take();
}

void row(FILE* to) {
    out = to;
    if (pipe(ends) != 0) return;
    polling();
    something_else();
    selecting();
    with_count_of_all();
    epolling();
    ending();
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    polling();
    epolling();
    ending();
}

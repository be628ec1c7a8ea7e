/* SPDX-License-Identifier: BSL-1.0 */
/* One thread, in waits that nothing but a signal can end. */
#include "say.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

static void on_alarm(int number) {
    (void)number;
}

static void alarm_soon(void) {
    const struct itimerval soon = {.it_value = {.tv_usec = 30000}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

int main(void) {
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    const struct timespec longest = {.tv_sec = LONG_MAX, .tv_nsec = 999999999};
    sigset_t none;
    sigemptyset(&none);
    struct epoll_event event;

    alarm_soon();
    said("nanosleep", nanosleep(&longest, NULL));
    alarm_soon();
    said("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &longest, NULL));
    alarm_soon();
    said("poll", poll(NULL, 0, -1));
    alarm_soon();
    said("ppoll", ppoll(NULL, 0, &longest, NULL));
    alarm_soon();
    said("select", select(0, NULL, NULL, NULL, NULL));
    alarm_soon();
    said("epoll_wait", epoll_wait(epoll_create1(0), &event, 1, -1));
    alarm_soon();
    said("pause", pause());
    alarm_soon();
    said("sigsuspend", sigsuspend(&none));
    return 0;
}

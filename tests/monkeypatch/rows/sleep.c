/* SPDX-License-Identifier: BSL-1.0 */
/* sleep, usleep, nanosleep, clock_nanosleep, thrd_sleep: how long, what they return, and what they make of nonsense. */
#include "row.h"

#include <errno.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long begin;
static FILE* out;

static void start(void) {
    errno = 4711;
    begin = now_ns(CLOCK_MONOTONIC);
}

static void report(const char* what, long result, long long least_ns) {
    const int error = errno;
    const long long took = now_ns(CLOCK_MONOTONIC) - begin;
    fprintf(out, "%s: %ld, errno %d, %s\n", what, result, error, took < least_ns ? "too early" : "not too early");
}

static void try_nanosleep(const char* what, long long seconds, long nanoseconds, long long least_ns) {
    struct timespec wanted = {.tv_sec = seconds, .tv_nsec = nanoseconds}, left = {.tv_sec = 7, .tv_nsec = 7};
    start();
    const int result = nanosleep(&wanted, &left);
    report(what, result, least_ns);
    fprintf(out, "  left %lld %ld\n", (long long)left.tv_sec, left.tv_nsec);
}

static void try_absolute(const char* what, clockid_t clock, long long from_now_ns, long long least_ns) {
    const long long until = now_ns(clock) + from_now_ns;
    struct timespec wanted = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    struct timespec left = {.tv_sec = 7, .tv_nsec = 7};
    start();
    const int result = clock_nanosleep(clock, TIMER_ABSTIME, &wanted, &left);
    report(what, result, least_ns);
    fprintf(out, "  left %lld %ld\n", (long long)left.tv_sec, left.tv_nsec);
}

static void try_clock(const char* what, clockid_t clock, int flags, long long seconds, long nanoseconds) {
    struct timespec wanted = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    start();
    const int result = clock_nanosleep(clock, flags, &wanted, NULL);
    report(what, result, 0);
}

static void try_thrd_sleep(const char* what, long long seconds, long nanoseconds, long long least_ns) {
    struct timespec wanted = {.tv_sec = seconds, .tv_nsec = nanoseconds}, left = {.tv_sec = 7, .tv_nsec = 7};
    start();
    report(what, thrd_sleep(&wanted, &left), least_ns);
    fprintf(out, "  left %lld %ld\n", (long long)left.tv_sec, left.tv_nsec);
}

void row(FILE* to) {
    out = to;
    start();
    report("sleep(1)", sleep(1), 1000000000);
    start();
    report("sleep(0)", sleep(0), 0);
    start();
    report("usleep(20000)", usleep(20000), 20000000);
    start();
    report("usleep(1100000)", usleep(1100000), 1100000000);
    start();
    report("usleep(0)", usleep(0), 0);

    try_nanosleep("nanosleep of 5 ms", 0, 5000000, 5000000);
    try_nanosleep("nanosleep of nothing", 0, 0, 0);
    try_nanosleep("nanosleep of 1 ns", 0, 1, 1);
    try_nanosleep("nanosleep of -1 s", -1, 0, 0);
    try_nanosleep("nanosleep of -1 ns", 0, -1, 0);
    try_nanosleep("nanosleep of 10^9 ns", 0, 1000000000, 0);
    start();
    report("nanosleep(NULL)", nanosleep(NULL, NULL), 0);

    try_thrd_sleep("thrd_sleep of 5 ms", 0, 5000000, 5000000);
    try_thrd_sleep("thrd_sleep of -1 s", -1, 0, 0);

    try_absolute("until a monotonic moment", CLOCK_MONOTONIC, 5000000, 5000000);
    try_absolute("until a moment of the wall clock", CLOCK_REALTIME, 5000000, 4900000);
    try_absolute("until a moment since boot", CLOCK_BOOTTIME, 5000000, 4900000);
    try_absolute("until a moment that has passed", CLOCK_MONOTONIC, -5000000, 0);
    try_clock("5 ms of the wall clock", CLOCK_REALTIME, 0, 0, 5000000);
    try_clock("5 ms of the clock since boot", CLOCK_BOOTTIME, 0, 0, 5000000);
    try_clock("until -1 s", CLOCK_MONOTONIC, TIMER_ABSTIME, -1, 0);
    try_clock("until 10^9 ns", CLOCK_REALTIME, TIMER_ABSTIME, 0, 1000000000);
    try_clock("this thread's processor time", CLOCK_THREAD_CPUTIME_ID, 0, 0, 1);
    try_clock("the raw clock", CLOCK_MONOTONIC_RAW, 0, 0, 1);
    try_clock("the coarse clock", CLOCK_REALTIME_COARSE, 0, 0, 1);
    try_clock("no clock", 4711, 0, 0, 1);
    try_clock("unknown flags", CLOCK_MONOTONIC, 0x40, 0, 1000);
}

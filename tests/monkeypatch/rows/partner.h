/* SPDX-License-Identifier: BSL-1.0 */
/* For rows with two sides: a native thread that does something after a while, and how results are printed. */
#pragma once

#include "row.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static FILE* out;

/* The other side waits so long before it acts: by then the row's own call waits. */
static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static pthread_t partner;
static void start_partner(void* (*act)(void*), void* argument) {
    pthread_create(&partner, NULL, act, argument);
}
static void end_partner(void) {
    pthread_join(partner, NULL);
}

static void say(const char* what, long result) {
    const int error = errno;
    if (result < 0)
        fprintf(out, "%s: %ld, %s\n", what, result, strerror(error));
    else
        fprintf(out, "%s: %ld, errno %d\n", what, result, error);
    errno = 4711;
}

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}
static long long begun_ms;
static inline void start_clock(void) {
    begun_ms = now_ms();
    errno = 4711;
}
static inline void say_took(long long least_ms) {
    const long long took = now_ms() - begun_ms;
    fprintf(out, "  %s\n", took < least_ms ? "too early" : took > least_ms + 2000 ? "much too late" : "in time");
}

/* SPDX-License-Identifier: BSL-1.0 */
/* For rows with two sides: a native thread that does something after a while, and how results are printed. */
#pragma once

#include "row.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE* out;

/* The other side waits so long before it acts: by then the row's own call waits. */
static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static pthread_t partner;
static pid_t row_thread;
static void start_partner(void* (*act)(void*), void* argument) {
    row_thread = gettid();
    pthread_create(&partner, NULL, act, argument);
}
static void end_partner(void) {
    pthread_join(partner, NULL);
}

/* For what must not come before the row's thread waits, however busy the machine: until it sleeps (proc(5)), and so long at
   least; but ten times as long at most, for where others share the thread it may never seem to. */
static inline void pause_until_it_sleeps(long least_ms) {
    char path[64], line[256], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)row_thread);
    for (int i = 0; i < 10 && state != 'S'; ++i) {
        pause_ms(least_ms);
        FILE* file = fopen(path, "re");
        if (!file) return;
        const char* end_of_name = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (end_of_name) state = end_of_name[2];
        fclose(file);
    }
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

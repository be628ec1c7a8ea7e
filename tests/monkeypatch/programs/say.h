/* SPDX-License-Identifier: BSL-1.0 */
/* Programs that know nothing of green: each prints the same by greenrun as without it (programs_test.py). */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One line, out at once: what the program prints and what its children and its end do stay in order. */
__attribute__((format(printf, 1, 2))) static inline void say(const char* format, ...) {
    const int error = errno;
    va_list words;
    va_start(words, format);
    vprintf(format, words);
    va_end(words);
    putchar('\n');
    fflush(stdout);
    errno = error;
}

/* The result of a call, and what errno says of a failure. */
static inline long said(const char* what, long result) {
    if (result < 0)
        say("%s: %ld, %s", what, result, strerror(errno));
    else
        say("%s: %ld", what, result);
    return result;
}

static inline long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static inline void sleep_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* SPDX-License-Identifier: BSL-1.0 */
/* What partners do to a descriptor after a while. */
#pragma once

#include "partner.h"

struct job {
    int fd;
    const char* text;
};

static inline void* write_later(void* argument) {
    const struct job* job = argument;
    pause_ms(30);
    if (write(job->fd, job->text, strlen(job->text)) < 0) fprintf(out, "write: %s\n", strerror(errno));
    return NULL;
}

/* Until the end. Gives how many bytes there were. */
static inline void* drain_later(void* argument) {
    const int fd = *(int*)argument;
    static char into[65536];
    pause_ms(30);
    long total = 0;
    for (ssize_t n; (n = read(fd, into, sizeof into)) > 0;) total += n;
    return (void*)total;
}

/* SPDX-License-Identifier: BSL-1.0 */
/* splice and tee: what they move, what they wait for, and what they refuse at once. */
#include "later.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char big[900000], buffer[1 << 16];

static void refused(void) {
    int empty[2], other[2];
    loff_t offset = 0;
    if (pipe(empty) != 0 || pipe(other) != 0) return;
    char name[] = "/tmp/green-row-XXXXXX";
    close(mkstemp(name));
    const int appended = open(name, O_WRONLY | O_APPEND);
    unlink(name);
    errno = 4711;
    say("splice of a pipe's end to itself", splice(empty[0], NULL, empty[0], NULL, 1, 0));
    say("splice of a pipe to itself", splice(empty[0], NULL, empty[1], NULL, 1, 0));
    say("splice with an offset in a pipe", splice(empty[0], &offset, other[1], NULL, 1, 0));
    say("splice with unknown flags", splice(empty[0], NULL, other[1], NULL, 1, 0xff00));
    say("splice to a file that is appended to", splice(empty[0], NULL, appended, NULL, 1, 0));
    say("splice to -1", splice(empty[0], NULL, -1, NULL, 1, 0));
    say("splice from -1", splice(-1, NULL, other[1], NULL, 1, 0));
    say("splice of nothing", splice(empty[0], NULL, other[1], NULL, 0, 0));
    say("splice without waiting", splice(empty[0], NULL, other[1], NULL, 1, SPLICE_F_NONBLOCK));
    say("tee of a pipe to itself", tee(empty[0], empty[1], 1, 0));
    say("tee to a file", tee(empty[0], appended, 1, 0));
    say("tee from -1", tee(-1, other[1], 1, 0));
    say("tee without waiting", tee(empty[0], other[1], 1, SPLICE_F_NONBLOCK));
    close(appended);
    for (int i = 0; i < 2; ++i) {
        close(empty[i]);
        close(other[i]);
    }
}

static void into_a_full_socket(void) {
    int ends[2], pair[2], small = 8192;
    if (pipe(ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return;
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const long size = write(ends[1], big, sizeof big);
    start_partner(drain_later, &pair[1]);
    start_clock();
    say("splice of more than a socket has room for", splice(ends[0], NULL, pair[0], NULL, 2 * sizeof big, 0) - size);
    say_took(25);
    fprintf(out, "blocking %d\n", !(fcntl(pair[0], F_GETFL) & O_NONBLOCK));
    shutdown(pair[0], SHUT_WR);
    void* total;
    pthread_join(partner, &total);
    fprintf(out, "  the other side had %ld\n", (long)total - size);
    close(ends[1]);
    errno = 4711;
    say("splice at the end", splice(ends[0], NULL, pair[0], NULL, 1, 0));
    close(ends[0]), close(pair[0]), close(pair[1]);
}

static void between_pipes(void) {
    int from[2], to[2];
    if (pipe(from) != 0 || pipe(to) != 0) return;
    struct job job = {from[1], "three"};
    start_partner(write_later, &job);
    start_clock();
    say("tee that waits", tee(from[0], to[1], 100, 0));
    say_took(15);
    end_partner();
    say("splice of the same", splice(from[0], NULL, to[1], NULL, 100, 0));
    start_partner(write_later, &job);
    start_clock();
    say("splice that waits", splice(from[0], NULL, to[1], NULL, 100, 0));
    say_took(15);
    end_partner();
    say("read of all", read(to[0], buffer, sizeof buffer));
    fprintf(out, "  %.15s\n", buffer);
    const int sizes = fcntl(to[1], F_SETPIPE_SZ, 4096);
    if (write(to[1], big, (size_t)sizes) != sizes) return;
    start_partner(drain_later, &to[0]);
    if (write(from[1], "four", 4) != 4) return;
    start_clock();
    say("splice that waits for room", splice(from[0], NULL, to[1], NULL, 100, 0));
    say_took(25);
    close(from[1]);
    say("splice at the end", splice(from[0], NULL, to[1], NULL, 100, 0));
    say("tee at the end", tee(from[0], to[1], 100, 0));
    close(to[1]);
    end_partner();
    close(from[0]), close(to[0]);
}

void row(FILE* file) {
    out = file;
    refused();
    into_a_full_socket();
    between_pipes();
}

/* SPDX-License-Identifier: BSL-1.0 */
/* What follows a read that gave less than asked for: on a TCP connection, which it has emptied, and on all those that only
   look so. */
#include "partner.h"
#include "tcp_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static void limit(int fd, int which, long microseconds) {
    const struct timeval limit = {.tv_usec = microseconds};
    setsockopt(fd, SOL_SOCKET, which, &limit, sizeof limit);
}
static void limit_reads(int fd, long microseconds) {
    limit(fd, SO_RCVTIMEO, microseconds);
}

/* Each letter is sent after a pause; '+' makes the next one come at once, '!' sends urgent data, '.' ends the stream. */
static void* send_slowly(void* letters) {
    int pauses = 1;
    for (const char* at = letters; *at; ++at) {
        if (*at == '+') {
            pauses = 0;
            continue;
        }
        if (pauses) pause_ms(20);
        pauses = 1;
        if (*at == '.')
            shutdown(far, SHUT_WR);
        else
            send(far, at, 1, MSG_NOSIGNAL | (*at == '!' ? MSG_OOB : 0));
    }
    return NULL;
}

static void start_sending(const char* letters) {
    start_partner(send_slowly, (void*)letters);
}

static void say_read(const char* what, ssize_t count, const char* buffer) {
    say(what, count);
    if (count > 0) fprintf(out, "  %.*s\n", (int)count, buffer);
}

/* One letter for each of them, so that none finds two on a busy machine. */
#define AFTER(letters, what, call, buffer) \
    do { \
        start_sending(letters); \
        errno = 4711; \
        say_read(what, call, buffer); \
        end_partner(); \
    } while (0)

/* A connection that has waited once, and been emptied. */
static void connect_and_empty(void) {
    char buffer[8];
    connect_by_tcp();
    for (int i = 0; i < 2; ++i) {
        start_sending("a");
        recv(near, buffer, sizeof buffer, 0);
        end_partner();
    }
}

static void kinds_of_reads(void) {
    char buffer[64], all[5];
    struct iovec parts[2] = {{all, 2}, {all + 2, 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    connect_and_empty();
    AFTER("b", "recv", recv(near, buffer, sizeof buffer, 0), buffer);
    AFTER("c", "read", read(near, buffer, sizeof buffer), buffer);
    AFTER("d", "readv", readv(near, parts, 2), all);
    AFTER("e", "recvmsg", recvmsg(near, &message, 0), all);
    AFTER("f", "recvfrom", recvfrom(near, buffer, sizeof buffer, 0, NULL, NULL), buffer);
    AFTER("g", "recv with MSG_PEEK", recv(near, buffer, sizeof buffer, MSG_PEEK), buffer);
    say_read("recv what was peeked at", recv(near, buffer, sizeof buffer, 0), buffer);
    AFTER("hij", "recv with MSG_WAITALL", recv(near, buffer, 3, MSG_WAITALL), buffer);
    AFTER("klmno", "recvmsg with MSG_WAITALL", recvmsg(near, &message, MSG_WAITALL), all);
    disconnect_both();
}

static void ends(void) {
    char buffer[8];
    connect_and_empty();
    AFTER("b+.", "recv before the end", recv(near, buffer, sizeof buffer, 0), buffer);
    say("recv at the end", recv(near, buffer, sizeof buffer, 0));
    say("recv once more", recv(near, buffer, sizeof buffer, 0));
    disconnect_both();

    connect_and_empty();
    start_sending(".");
    errno = 4711;
    say("recv until the end", recv(near, buffer, sizeof buffer, 0));
    end_partner();
    disconnect_both();

    connect_and_empty();
    const struct linger none = {.l_onoff = 1};
    setsockopt(far, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    send(far, "z", 1, 0);
    close(far);
    errno = 4711;
    say("recv of a connection that was reset", recv(near, buffer, sizeof buffer, 0));
    say("recv of the same", recv(near, buffer, sizeof buffer, 0));
    close(near);
}

static void urgent_data(void) {
    char buffer[8];
    connect_and_empty();
    start_sending("b+!+c");
    pause_ms(40);
    end_partner();
    errno = 4711;
    say_read("recv before urgent data", recv(near, buffer, sizeof buffer, 0), buffer);
    say_read("recv behind urgent data", recv(near, buffer, sizeof buffer, 0), buffer);
    say_read("urgent data", recv(near, buffer, sizeof buffer, MSG_OOB), buffer);
    start_sending("d");
    say_read("recv long after it", recv(near, buffer, sizeof buffer, 0), buffer);
    end_partner();
    disconnect_both();
}

static void* limit_reads_of(void* fd) {
    limit_reads(*(const int*)fd, 25000);
    return NULL;
}

static void limits_set_late(void) {
    char buffer[8];
    connect_and_empty();
    limit_reads(near, 25000);
    start_clock();
    say("recv with a limit that is set late", recv(near, buffer, sizeof buffer, 0));
    say_took(23);
    limit_reads(near, 0);
    start_sending("b");
    say_read("recv without it", recv(near, buffer, sizeof buffer, 0), buffer);
    end_partner();

    int other = dup(near);
    limit_reads(other, 25000);
    start_clock();
    say("recv with a limit set by a dup", recv(near, buffer, sizeof buffer, 0));
    say_took(23);
    limit_reads(other, 0);
    start_sending("b");
    recv(near, buffer, sizeof buffer, 0);
    end_partner();
    start_partner(limit_reads_of, &other);
    end_partner();
    start_clock();
    say("recv with a limit set by a thread", recv(near, buffer, sizeof buffer, 0));
    say_took(23);
    close(other);
    limit_reads(near, 0);

    static char big[4 << 20];
    limit(near, SO_SNDTIMEO, 25000);
    for (int i = 0; i < 2; ++i) AFTER("b", "recv without a limit of its own", recv(near, buffer, sizeof buffer, 0), buffer);
    start_clock();
    const ssize_t sent = send(near, big, sizeof big, 0);
    fprintf(out, "send with a limit: %s\n", sent > 0 && sent < (ssize_t)sizeof big ? "a part" : "not a part");
    say_took(23);
    disconnect_both();
}

static void nonblocking_late(void) {
    char buffer[8];
    connect_and_empty();
    int on = 1;
    ioctl(near, FIONBIO, &on);
    errno = 4711;
    say("recv without blocking", recv(near, buffer, sizeof buffer, 0));
    send(far, "b", 1, 0);
    pause_ms(20);
    say_read("recv without blocking of what has come", recv(near, buffer, sizeof buffer, 0), buffer);
    on = 0;
    ioctl(near, FIONBIO, &on);
    start_sending("c");
    say_read("recv that blocks again", recv(near, buffer, sizeof buffer, 0), buffer);
    end_partner();
    disconnect_both();
}

/* A number that has been closed and given out again shows nothing of what it was. */
static void number_again(void) {
    char buffer[8];
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    limit_reads(pair[1], 25000);
    send(pair[0], "b", 1, 0);
    connect_and_empty();
    dup2(pair[1], near);
    errno = 4711;
    say_read("recv of another under its number", recv(near, buffer, sizeof buffer, 0), buffer);
    start_clock();
    say("recv with its limit", recv(near, buffer, sizeof buffer, 0));
    say_took(23);
    close(pair[0]);
    close(pair[1]);
    disconnect_both();
}

static void send_with_a_descriptor(int to, const char* text, size_t size) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {(void*)text, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &to, sizeof to);
    sendmsg(to, &message, 0);
}

/* Reads that end short though there is more: at a descriptor that comes along, at a packet, at a datagram. */
static void not_emptied(void) {
    char buffer[64];
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    near = pair[0];
    far = pair[1];
    start_sending("ab");
    recv(near, buffer, sizeof buffer, 0);
    recv(near, buffer, sizeof buffer, 0);
    end_partner();
    send_with_a_descriptor(far, "cd", 2);
    send(far, "efg", 3, 0);
    errno = 4711;
    say_read("recv with a descriptor", recv(near, buffer, sizeof buffer, 0), buffer);
    say_read("recv behind a descriptor", recv(near, buffer, sizeof buffer, 0), buffer);
    disconnect_both();

    for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
        socketpair(AF_UNIX, type, 0, pair);
        near = pair[0];
        far = pair[1];
        start_sending("ab+c");
        for (int i = 0; i < 3; ++i) say_read("recv of a packet", recv(near, buffer, sizeof buffer, 0), buffer);
        end_partner();
        disconnect_both();
    }
    if (pipe2(pair, O_DIRECT) != 0) return;
    for (int i = 0; i < 2; ++i)
        if (write(pair[1], "xyz", 2 + (size_t)i) < 0) return;
    for (int i = 0; i < 2; ++i) say_read("read of a pipe's packet", read(pair[0], buffer, sizeof buffer), buffer);
    close(pair[0]);
    close(pair[1]);
}

void row(FILE* to) {
    out = to;
    kinds_of_reads();
    ends();
    urgent_data();
    limits_set_late();
    nonblocking_late();
    number_again();
    not_emptied();
}

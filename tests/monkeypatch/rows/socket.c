/* SPDX-License-Identifier: BSL-1.0 */
/* connect, accept, recv, send and their forms on TCP, UDP and unix sockets: what they return, when, and to what errors. */
#include "partner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

ssize_t __recv_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, size_t size, size_t buffer_size, int flags, struct sockaddr* from,
                       socklen_t* from_size);

static char big[4 << 20];

static int blocking(int fd) {
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int listen_on(int type, struct sockaddr_in* at, int backlog) {
    const int fd = socket(AF_INET, type, 0);
    memset(at, 0, sizeof *at);
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof *at;
    bind(fd, (struct sockaddr*)at, size);
    getsockname(fd, (struct sockaddr*)at, &size);
    if (type == SOCK_STREAM) listen(fd, backlog);
    return fd;
}

struct job {
    int fd;
    const char* text;
};

static void* send_later(void* argument) {
    const struct job* job = argument;
    for (const char* at = job->text; *at; ++at) {
        pause_ms(20);
        if (*at == '!')
            shutdown(job->fd, SHUT_WR);
        else
            send(job->fd, at, 1, MSG_NOSIGNAL);
    }
    return NULL;
}

static void* connect_later(void* argument) {
    pause_ms(30);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect(fd, argument, sizeof(struct sockaddr_in));
    send(fd, "from the other side", 19, 0);
    pause_ms(60);
    close(fd);
    return NULL;
}

static void* drain_later(void* argument) {
    const int fd = *(int*)argument;
    pause_ms(30);
    long total = 0;
    static char buffer[65536];
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) total += n;
    return (void*)total;
}

static void set_limit(int fd, int which, long us) {
    struct timeval limit = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    say("  setsockopt", setsockopt(fd, SOL_SOCKET, which, &limit, sizeof limit));
    struct timeval back = {9, 9};
    socklen_t size = sizeof back;
    getsockopt(fd, SOL_SOCKET, which, &back, &size);
    fprintf(out, "  reads back as %ld us\n", back.tv_sec * 1000000 + back.tv_usec);
}

static void connecting(void) {
    struct sockaddr_in at;
    const int listener = listen_on(SOCK_STREAM, &at, 8);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    start_clock();
    say("connect", connect(fd, (struct sockaddr*)&at, sizeof at));
    say("connect again", connect(fd, (struct sockaddr*)&at, sizeof at));
    fprintf(out, "still blocking: %d\n", blocking(fd));
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    const int accepted = accept(listener, (struct sockaddr*)&peer, &size);
    say("accept", accepted >= 0 ? 0 : -1);
    fprintf(out, "peer's address: %u bytes, family %d\n", size, peer.sin_family);
    close(accepted);
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int result = connect(fd, (struct sockaddr*)&at, sizeof at);
    fprintf(out, "connect without blocking: %s\n", result == 0 || errno == EINPROGRESS ? "at once" : strerror(errno));
    close(fd);
    close(accept(listener, NULL, NULL));
    close(listener);

    errno = 4711;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    say("connect to nobody", connect(fd, (struct sockaddr*)&at, sizeof at));
    say("connect with a short address", connect(fd, (struct sockaddr*)&at, 3));
    close(fd);
    say("connect a closed number", connect(fd, (struct sockaddr*)&at, sizeof at));
    say("connect no socket", connect(0, (struct sockaddr*)&at, sizeof at));

    const int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    say("connect a datagram socket", connect(datagram, (struct sockaddr*)&at, sizeof at));
    close(datagram);
}

/* A connection that is made by the first data; where that is allowed. */
static void sending_at_once(void) {
    struct sockaddr_in at;
    const int listener = listen_on(SOCK_STREAM, &at, 8);
    int fds[3], accepted[3], on = 1;
    char buffer[16];
    for (int i = 0; i < 3; ++i) fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    errno = 4711;
    say("sendto with MSG_FASTOPEN", sendto(fds[0], "hello", 5, MSG_FASTOPEN, (struct sockaddr*)&at, sizeof at));
    struct iovec part = {"world", 5};
    struct msghdr message = {.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &part, .msg_iovlen = 1};
    say("sendmsg with MSG_FASTOPEN", sendmsg(fds[1], &message, MSG_FASTOPEN));
    say("TCP_FASTOPEN_CONNECT", setsockopt(fds[2], IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on));
    say("connect", connect(fds[2], (struct sockaddr*)&at, sizeof at));
    say("write", write(fds[2], "words", 5));
    for (int i = 0; i < 3; ++i) {
        accepted[i] = accept(listener, NULL, NULL);
        errno = 4711;
        say("recv", recv(accepted[i], buffer, 5, MSG_WAITALL));
        fprintf(out, "  %.5s, blocking %d\n", buffer, blocking(fds[i]));
    }
    for (int i = 0; i < 3; ++i) {
        close(fds[i]);
        close(accepted[i]);
    }
    close(listener);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    errno = 4711;
    say("sendto nobody with MSG_FASTOPEN", sendto(fds[0], "hello", 5, MSG_FASTOPEN, (struct sockaddr*)&at, sizeof at));
    close(fds[0]);
}

/* A listener whose queue is full does not answer. */
static void connecting_in_vain(void) {
    struct sockaddr_in at;
    const int listener = listen_on(SOCK_STREAM, &at, 0), slow = socket(AF_INET, SOCK_STREAM, 0);
    int full[2];
    for (int i = 0; i < 2; ++i) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(full[i], (struct sockaddr*)&at, sizeof at);
        struct pollfd entry = {full[i], POLLOUT, 0};
        poll(&entry, 1, 20);
    }
    set_limit(slow, SO_SNDTIMEO, 30000);
    for (int i = 0; i < 2; ++i) {
        start_clock();
        say("connect until a time limit", connect(slow, (struct sockaddr*)&at, sizeof at));
        say_took(28);
    }
    for (int i = 0; i < 2; ++i) close(full[i]);
    close(slow);
    close(listener);
}

static void accepting(void) {
    struct sockaddr_in at;
    const int listener = listen_on(SOCK_STREAM, &at, 8);
    start_partner(connect_later, &at);
    start_clock();
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    say("accept4 that waits", fd >= 0 ? 0 : -1);
    say_took(20);
    fprintf(out, "close-on-exec %d, blocking %d\n", fcntl(fd, F_GETFD), blocking(fd));
    char buffer[64];
    say("recv what came with it", recv(fd, buffer, sizeof buffer, MSG_WAITALL));
    say_took(20);
    say("recv at the end", recv(fd, buffer, sizeof buffer, 0));
    end_partner();
    close(fd);

    set_limit(listener, SO_RCVTIMEO, 30000);
    start_clock();
    say("accept with a time limit", accept(listener, NULL, NULL));
    say_took(28);
    say("accept4 with unknown flags", accept4(listener, NULL, NULL, 0xff0000));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    say("accept without blocking", accept(listener, NULL, NULL));
    close(listener);
    const int plain = socket(AF_INET, SOCK_STREAM, 0);
    say("accept on what does not listen", accept(plain, NULL, NULL));
    close(plain);
    const int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    say("accept on a datagram socket", accept(datagram, NULL, NULL));
    close(datagram);
    say("accept on a closed number", accept(datagram, NULL, NULL));
}

static void receiving(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    char buffer[64] = "";
    errno = 4711;

    struct job job = {pair[1], "abcdef"};
    start_partner(send_later, &job);
    start_clock();
    say("recv that waits", recv(pair[0], buffer, sizeof buffer, 0));
    say_took(15);
    say("recv with MSG_WAITALL", recv(pair[0], buffer, 4, MSG_WAITALL));
    fprintf(out, "  %.4s\n", buffer);
    end_partner();
    say("recv with MSG_PEEK", recv(pair[0], buffer, 4, MSG_PEEK));
    say("recv what was peeked at", recv(pair[0], buffer, 4, 0));
    say("recv with MSG_DONTWAIT", recv(pair[0], buffer, 4, MSG_DONTWAIT));
    say("recv of no bytes, waiting for none", recv(pair[0], buffer, 0, MSG_DONTWAIT));

    struct job wait_all = {pair[1], "xy!"};
    start_partner(send_later, &wait_all);
    say("recv with MSG_WAITALL and an end", recv(pair[0], buffer, 10, MSG_WAITALL));
    end_partner();
    say("recv after the end", recv(pair[0], buffer, 10, 0));
    close(pair[0]);
    close(pair[1]);

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct job peeked = {pair[1], "pqrs"};
    start_partner(send_later, &peeked);
    struct sockaddr_un from;
    socklen_t from_size = sizeof from;
    say("recvfrom", recvfrom(pair[0], buffer, sizeof buffer, 0, (struct sockaddr*)&from, &from_size));
    fprintf(out, "  from %u bytes\n", from_size);
    char left[1], right[2];
    struct iovec parts[2] = {{left, 1}, {right, 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    say("recvmsg with MSG_WAITALL", recvmsg(pair[0], &message, MSG_WAITALL));
    fprintf(out, "  %c %.2s\n", left[0], right);
    end_partner();

    set_limit(pair[0], SO_RCVTIMEO, 25000);
    start_clock();
    say("recv with a time limit", recv(pair[0], buffer, 4, 0));
    say_took(23);
    say("__recv_chk with a time limit", __recv_chk(pair[0], buffer, 4, sizeof buffer, 0));
    say("__recvfrom_chk", __recvfrom_chk(pair[0], buffer, 4, sizeof buffer, MSG_DONTWAIT, NULL, NULL));
    set_limit(pair[0], SO_RCVTIMEO, 0);
    int on = 1;
    ioctl(pair[0], FIONBIO, &on);
    say("recv without blocking", recv(pair[0], buffer, 4, 0));
    close(pair[0]);
    close(pair[1]);
    say("recv from a closed number", recv(pair[0], buffer, 4, 0));
    say("recv from no socket", recv(0, buffer, 4, 0));
    say("recv to nowhere", recv(pair[0], NULL, 4, 0));
}

static void sending(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    errno = 4711;
    start_partner(drain_later, &pair[1]);
    start_clock();
    say("send more than there is room for", send(pair[0], big, sizeof big, 0));
    say_took(20);
    struct iovec parts[3] = {{big, 1000000}, {big, 0}, {big, 700001}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    say("sendmsg of pieces", sendmsg(pair[0], &message, 0));
    fprintf(out, "  the pieces are as they were: %zu %zu %zu\n", parts[0].iov_len, parts[1].iov_len, parts[2].iov_len);
    struct msghdr* volatile nowhere = NULL;
    say("sendmsg of nothing at all", sendmsg(pair[0], nowhere, 0));
    say("recvmsg to nowhere", recvmsg(pair[1], nowhere, 0));
    shutdown(pair[0], SHUT_WR);
    void* total;
    pthread_join(partner, &total);
    fprintf(out, "  the other side had %ld\n", (long)total);
    close(pair[0]);
    close(pair[1]);

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    set_limit(pair[0], SO_SNDTIMEO, 25000);
    start_clock();
    const ssize_t first = send(pair[0], big, sizeof big, 0);
    fprintf(out, "send with a time limit: %s\n", first > 0 && first < (ssize_t)sizeof big ? "a part" : "not a part");
    say_took(23);
    say("send once more", send(pair[0], big, 10, 0));
    const ssize_t at_once = send(pair[0], big, 10, MSG_DONTWAIT);
    say("send with MSG_DONTWAIT", at_once);
    close(pair[1]);
    signal(SIGPIPE, SIG_IGN);
    say("send to one who is gone", send(pair[0], big, 10, 0));
    signal(SIGPIPE, SIG_DFL);
    say("send with MSG_NOSIGNAL", send(pair[0], big, 10, MSG_NOSIGNAL));
    close(pair[0]);
}

static void datagrams(void) {
    struct sockaddr_in at, from;
    const int receiver = listen_on(SOCK_DGRAM, &at, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    errno = 4711;
    say("sendto", sendto(sender, "one", 3, 0, (struct sockaddr*)&at, sizeof at));
    char buffer[2];
    socklen_t size = sizeof from;
    say("recvfrom with MSG_TRUNC", recvfrom(receiver, buffer, 2, MSG_TRUNC, (struct sockaddr*)&from, &size));
    fprintf(out, "  from family %d, %u bytes\n", from.sin_family, size);
    say("send without an address", send(sender, "two", 3, 0));

    struct iovec out_parts[3] = {{"a", 1}, {"bc", 2}, {"def", 3}};
    struct mmsghdr messages[3];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 3; ++i) {
        messages[i].msg_hdr.msg_iov = &out_parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &at;
        messages[i].msg_hdr.msg_namelen = sizeof at;
    }
    say("sendmmsg", sendmmsg(sender, messages, 3, 0));
    fprintf(out, "  %u %u %u\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    char in[3][8];
    struct iovec in_parts[3];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 3; ++i) {
        in_parts[i] = (struct iovec){in[i], sizeof in[i]};
        messages[i].msg_hdr.msg_iov = &in_parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    say("recvmmsg", recvmmsg(receiver, messages, 3, 0, NULL));
    fprintf(out, "  %u %u %u\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    sendto(sender, "g", 1, 0, (struct sockaddr*)&at, sizeof at);
    errno = 4711;
    say("recvmmsg with MSG_WAITFORONE", recvmmsg(receiver, messages, 3, MSG_WAITFORONE, NULL));
    say("recvmmsg that would wait", recvmmsg(receiver, messages, 3, MSG_DONTWAIT, NULL));
    const struct timespec limits[] = {{5, 0}, {0, 0}, {0, 2000000000}, {-1, 0}};
    for (int i = 0; i < 4; ++i) {
        struct timespec limit = limits[i];
        sendto(sender, "h", 1, 0, (struct sockaddr*)&at, sizeof at);
        errno = 4711;
        say("recvmmsg with a limit", recvmmsg(receiver, messages, 1, 0, &limit));
        const int is_less = limit.tv_sec < limits[i].tv_sec || (limit.tv_sec == limits[i].tv_sec && limit.tv_nsec < limits[i].tv_nsec);
        fprintf(out, "  %s\n", is_less ? "of which less is left" : "as it was");
    }
    close(receiver);
    close(sender);
}

static void* receive_later(void* argument) {
    pause_until_it_sleeps(30);
    char c;
    recv(*(int*)argument, &c, 1, 0);
    return NULL;
}

static void* accept_later(void* argument) {
    pause_until_it_sleeps(30);
    return (void*)(long)accept(*(int*)argument, NULL, NULL);
}

static struct sockaddr_un bind_unix(int fd, socklen_t* size) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    bind(fd, (struct sockaddr*)&at, sizeof at.sun_family); /* unix(7): a name of the kernel's own */
    *size = sizeof at;
    getsockname(fd, (struct sockaddr*)&at, size);
    return at;
}

/* What makes no event when there is room again. */
static void full_unix_sockets(void) {
    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
    const int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t size;
    struct sockaddr_un at = bind_unix(receiver, &size);
    while (sendto(sender, "x", 1, MSG_DONTWAIT, (struct sockaddr*)&at, size) == 1) continue;
    start_partner(receive_later, &receiver);
    start_clock();
    say("sendto one who has no room", sendto(sender, "y", 1, 0, (struct sockaddr*)&at, size));
    say_took(25);
    end_partner();
    start_partner(receive_later, &receiver);
    struct iovec part = {"z", 1};
    struct msghdr message = {.msg_name = &at, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
    start_clock();
    say("sendmsg to one who has no room", sendmsg(sender, &message, 0));
    say_took(25);
    end_partner();
    set_limit(sender, SO_SNDTIMEO, 25000);
    start_clock();
    say("sendto with a time limit", sendto(sender, "y", 1, 0, (struct sockaddr*)&at, size));
    say_took(23);
    fcntl(sender, F_SETFL, O_NONBLOCK);
    say("sendto without blocking", sendto(sender, "y", 1, 0, (struct sockaddr*)&at, size));
    close(sender);
    close(receiver);

    int listener = socket(AF_UNIX, SOCK_STREAM, 0), clients[4], full = 0;
    at = bind_unix(listener, &size);
    listen(listener, 0);
    for (; full < 4; ++full) {
        clients[full] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(clients[full], (struct sockaddr*)&at, size) != 0) break;
    }
    fcntl(clients[full], F_SETFL, 0);
    set_limit(clients[full], SO_SNDTIMEO, 25000);
    start_clock();
    say("connect with a time limit", connect(clients[full], (struct sockaddr*)&at, size));
    say_took(23);
    set_limit(clients[full], SO_SNDTIMEO, 0);
    start_partner(accept_later, &listener);
    start_clock();
    say("connect to one who has no room", connect(clients[full], (struct sockaddr*)&at, size));
    say_took(25);
    void* accepted;
    pthread_join(partner, &accepted);
    close((int)(long)accepted);
    for (int i = 0; i <= full; ++i) close(clients[i]);
    close(listener);
}

static void from_files(void) {
    char name[] = "/tmp/green-row-XXXXXX";
    const int file = mkstemp(name);
    unlink(name);
    for (int i = 0; i < 4; ++i)
        if (write(file, big, 1 << 20) != 1 << 20) return;
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    start_partner(drain_later, &pair[1]);
    off_t offset = 100;
    errno = 4711;
    say("sendfile of more than there is room for", sendfile(pair[0], file, &offset, 3 << 20));
    fprintf(out, "  offset %ld\n", (long)offset);
    off64_t offset64 = (4 << 20) - 5;
    say("sendfile64 at the end", sendfile64(pair[0], file, &offset64, 100));
    shutdown(pair[0], SHUT_WR);
    void* total;
    pthread_join(partner, &total);
    fprintf(out, "  the other side had %ld\n", (long)total);
    say("sendfile to a file", sendfile(file, file, NULL, 1));

    int pipes[2];
    if (pipe(pipes) != 0) return;
    struct job job = {pair[1], "spl"};
    close(pair[0]);
    close(pair[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    job.fd = pair[1];
    start_partner(send_later, &job);
    start_clock();
    say("splice from a socket that waits", splice(pair[0], NULL, pipes[1], NULL, 100, 0));
    say_took(15);
    end_partner();
    say("splice into a socket", splice(pipes[0], NULL, pair[0], NULL, 100, 0));
    say("splice between no pipes", splice(pair[0], NULL, pair[1], NULL, 100, 0));
    for (int i = 0; i < 2; ++i) {
        close(pair[i]);
        close(pipes[i]);
    }
    close(file);
}

void row(FILE* to) {
    out = to;
    close(0);
    open("/dev/null", O_RDONLY);
    connecting();
    sending_at_once();
    connecting_in_vain();
    accepting();
    receiving();
    sending();
    datagrams();
    full_unix_sockets();
    from_files();
}

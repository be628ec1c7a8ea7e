/* SPDX-License-Identifier: BSL-1.0 */
/* Receives that want more than what comes first (MSG_WAITALL, SO_RCVLOWAT), and where they end all the same. */
#include "partner.h"
#include "tcp_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[64];

static void connect_both(int family) {
    int pair[2];
    if (family == AF_UNIX) {
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        near = pair[0];
        far = pair[1];
        return;
    }
    connect_by_tcp();
}

static void send_with(const char* text, int type, const void* carried, size_t size) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {(void*)text, strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), carried, size);
    if (sendmsg(far, &message, 0) < 0) fprintf(out, "sendmsg: %s\n", strerror(errno));
}
static void send_descriptor(const char* text) {
    send_with(text, SCM_RIGHTS, &far, sizeof far);
}

static int one_way_flags;
static void receive_message(const char* what, size_t size, size_t room) {
    union {
        struct cmsghdr align;
        char room[128];
    } control;
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room ? &control : NULL, .msg_controllen = room};
    errno = 4711;
    const ssize_t count = recvmsg(near, &message, one_way_flags);
    say(what, count);
    fprintf(out, "  %.*s, flags %x, control", count > 0 ? (int)count : 0, buffer, (unsigned)message.msg_flags);
    for (struct cmsghdr* each = CMSG_FIRSTHDR(&message); count >= 0 && each; each = CMSG_NXTHDR(&message, each)) {
        fprintf(out, " %d", each->cmsg_type);
        if (each->cmsg_type == SCM_RIGHTS) close(*(int*)CMSG_DATA(each));
    }
    fprintf(out, "\n");
}

/* A word each, after a pause: '+' before it has a descriptor come with it, '!' makes it urgent, '.' is the end. */
static void* send_words(void* words) {
    for (const char** each = words; *each; ++each) {
        pause_ms(20);
        if (**each == '+')
            send_descriptor(*each + 1);
        else if (**each == '!')
            send(far, *each + 1, strlen(*each) - 1, MSG_OOB);
        else if (**each == '.')
            shutdown(far, SHUT_WR);
        else
            send(far, *each, strlen(*each), 0);
    }
    return NULL;
}
#define SEND_LATER(...) start_partner(send_words, (void*)(const char*[]){__VA_ARGS__, NULL})

static void descriptors_end_it(void) {
    one_way_flags = MSG_WAITALL;
    connect_both(AF_UNIX);
    send_descriptor("aaaa");
    send_descriptor("bbbb");
    receive_message("a message with a descriptor", 8, 128);
    receive_message("the next one", 8, 128);
    SEND_LATER("aaaa", "+bbbb", "cccc");
    receive_message("a message, and one with a descriptor", 12, 128);
    receive_message("the rest", 4, 128);
    end_partner();
    SEND_LATER("+dd", "ee");
    receive_message("without room for descriptors", 4, 0);
    receive_message("the rest", 2, 0);
    end_partner();
    SEND_LATER("f", "+g", "h");
    errno = 4711;
    say("recv", recv(near, buffer, 3, MSG_WAITALL));
    say("recv of the rest", recv(near, buffer, 1, MSG_WAITALL));
    end_partner();
    one_way_flags = MSG_WAITALL | MSG_PEEK;
    SEND_LATER("ii", "+jj");
    receive_message("peek", 10, 0);
    end_partner();
    one_way_flags = MSG_WAITALL;
    receive_message("what was peeked at", 4, 0);
    disconnect_both();
}

static void* other_process_sends(void* text) {
    pause_ms(20);
    const pid_t child = fork();
    if (child == 0) {
        const struct ucred own = {getpid(), getuid(), getgid()};
        send_with(text, SCM_CREDENTIALS, &own, sizeof own);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return NULL;
}

static void writers_end_it(void) {
    one_way_flags = MSG_WAITALL;
    connect_both(AF_UNIX);
    int on = 1;
    setsockopt(near, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    SEND_LATER("aa", "bb", "+cc");
    receive_message("three messages of one writer", 6, 128);
    end_partner();
    send(far, "dd", 2, 0);
    start_partner(other_process_sends, "ee");
    receive_message("messages of two", 4, 128);
    end_partner();
    receive_message("the second one's", 2, 128);
    disconnect_both();
}

static void urgent_data_ends_it(int family) {
    connect_both(family);
    SEND_LATER("12", "!X", "34567");
    errno = 4711;
    say("recv up to urgent data", recv(near, buffer, 6, MSG_WAITALL));
    end_partner();
    say("recv behind it", recv(near, buffer, 5, MSG_WAITALL));
    disconnect_both();
}

static void set_mark(int mark) {
    errno = 4711;
    say("SO_RCVLOWAT", setsockopt(near, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark));
}

static void marks(int family) {
    connect_both(family);
    set_mark(5);
    SEND_LATER("abc", "0123456789");
    start_clock();
    say("recv", recv(near, buffer, sizeof buffer, 0));
    say_took(35);
    end_partner();
    SEND_LATER("abc", "0123456789");
    say("read", read(near, buffer, sizeof buffer));
    end_partner();
    struct iovec parts[2] = {{buffer, 4}, {buffer + 4, 60}};
    SEND_LATER("abc", "0123456789");
    say("readv", readv(near, parts, 2));
    end_partner();
    SEND_LATER("abc", "0123456789");
    say("recv of less than the mark", recv(near, buffer, 2, 0));
    say("recv of less than the mark", recv(near, buffer, 3, 0));
    end_partner();
    say("recv with MSG_DONTWAIT", recv(near, buffer, 4, MSG_DONTWAIT));
    SEND_LATER("xx");
    say("recv with MSG_PEEK", recv(near, buffer, sizeof buffer, MSG_PEEK) >= 5);
    end_partner();
    recv(near, buffer, sizeof buffer, MSG_DONTWAIT);
    const struct timeval limit = {.tv_usec = 300000};
    setsockopt(near, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SEND_LATER("abc");
    start_clock();
    say("recv with a time limit", recv(near, buffer, sizeof buffer, 0));
    say_took(290);
    end_partner();
    send(far, "ab", 2, 0);
    fcntl(near, F_SETFL, O_NONBLOCK);
    errno = 4711;
    say("recv without blocking", recv(near, buffer, sizeof buffer, 0));
    fcntl(near, F_SETFL, 0);
    SEND_LATER("abc", ".");
    say("recv before the end", recv(near, buffer, sizeof buffer, 0));
    end_partner();
    disconnect_both();
}

void row(FILE* to) {
    out = to;
    descriptors_end_it();
    writers_end_it();
    urgent_data_ends_it(AF_INET);
    marks(AF_INET);
    marks(AF_UNIX);
}

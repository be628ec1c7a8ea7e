/* SPDX-License-Identifier: BSL-1.0 */
/* Daemons close all they might have inherited, in one of three ways, and go on: closes_everything loop|range|from, and
   with a second word a thread that has waited before. */
#include "say.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static const char* way;

static void close_all(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (strcmp(way, "range") == 0)
        close_range(3, ~0u, 0);
    else if (strcmp(way, "from") == 0)
        closefrom(3);
    else
        for (int fd = 3; fd < (int)limit.rlim_cur && fd < 65536; ++fd) close(fd);
}

static long talk(void) {
    long sum = 0;
    for (int i = 0; i < 20; ++i) {
        struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof where;
        const int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(listener, (struct sockaddr*)&where, size) || listen(listener, 1)) return -1;
        getsockname(listener, (struct sockaddr*)&where, &size);
        if (connect(client, (struct sockaddr*)&where, size)) return -2;
        const int peer = accept(listener, NULL, NULL);
        char c = 0;
        struct pollfd entry = {peer, POLLIN, 0};
        if (poll(&entry, 1, 1) != 0) return -3;
        if (send(client, "x", 1, 0) != 1 || poll(&entry, 1, 5000) != 1 || recv(peer, &c, 1, 0) != 1) return -4;
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(peer, &reading);
        struct timeval soon = {0, 1000};
        if (select(peer + 1, &reading, NULL, NULL, &soon) != 0) return -5;
        sum += c == 'x';
        close(listener), close(client), close(peer);
        usleep(100);
    }
    return sum;
}

static void* in_a_thread(void* unused) {
    (void)unused;
    return (void*)talk();
}

int main(int count, char** words) {
    way = words[1];
    if (count > 2) usleep(1000);
    for (int round = 0; round < 2; ++round) {
        close_all();
        said("next number", dup(1));
        close(3);
        said("talks", talk());
        pthread_t threads[4];
        for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, in_a_thread, NULL);
        said("and beside threads", talk());
        for (int i = 0; i < 4; ++i) {
            void* result;
            pthread_join(threads[i], &result);
            said("a thread", (long)result);
        }
    }
}

// SPDX-License-Identifier: BSL-1.0
// An HTTP request by hand over a connection: blocking, in C.
//
//     build/samples/13_raw_get-plain [HOST [PORT]]
//
// Name, connection, request, answer: each call blocks, and there is nothing else that could go on. Without HOST it asks
// a server of its own, which has to be another process. You will see the answer as it came, its header first.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static int connect_to(const char* host, const char* port) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;
    const int error = getaddrinfo(host, port, &wanted, &found);
    if (error) fprintf(stderr, "%s: %s\n", host, gai_strerror(error)), exit(1);
    int server = -1;
    for (struct addrinfo* each = found; each && server < 0; each = each->ai_next) {
        server = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (connect(server, each->ai_addr, each->ai_addrlen) == 0) continue;
        close(server);
        server = -1;
    }
    freeaddrinfo(found);
    if (server < 0) fail(host);
    return server;
}

static void raw_get(const char* host, const char* port) {
    const int server = connect_to(host, port);
    dprintf(server, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
    char piece[4096];
    for (ssize_t size; (size = read(server, piece, sizeof piece)) > 0;) fwrite(piece, 1, (size_t)size, stdout);
    close(server);
}

static void answer_one(int listener) {
    const int client = accept(listener, NULL, NULL);
    char request[4096] = "";
    for (size_t used = 0; !strstr(request, "\r\n\r\n") && used + 1 < sizeof request; ++used)
        if (read(client, request + used, 1) != 1) break;
    dprintf(client, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello, world\n");
}

int main(int count, char** words) {
    if (count > 1) return raw_get(words[1], count > 2 ? words[2] : "http"), 0;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr*)&where, size) < 0 || listen(listener, 1) < 0) fail("listen");
    getsockname(listener, (struct sockaddr*)&where, &size);
    const pid_t other = fork();
    if (other < 0) fail("fork");
    if (other == 0) return answer_one(listener), 0;
    char port[8];
    snprintf(port, sizeof port, "%d", ntohs(where.sin_port));
    raw_get("localhost", port);
    wait(NULL);
}

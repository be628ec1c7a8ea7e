// SPDX-License-Identifier: BSL-1.0
// An echo server, and three clients that talk to it: blocking, in C.
//
//     build/samples/08_echo_server-plain
//
// serve() is the one of the twins beside this file, line for line. But while it waits for one client, all others do: a
// client that says nothing holds up the whole server. You will see what the clients said come back to them, one client
// after the other.
#include <arpa/inet.h>
#include <signal.h>
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

static void write_all(int peer, const char* data, size_t size) {
    for (ssize_t written; size > 0; data += written, size -= (size_t)written)
        if ((written = write(peer, data, size)) < 0) fail("write");
}

static void serve(int peer) {
    char buffer[1024];
    for (ssize_t size; (size = read(peer, buffer, sizeof buffer)) > 0;) write_all(peer, buffer, (size_t)size);
    close(peer);
}

static void ask(struct sockaddr_in where, const char* line) {
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr*)&where, sizeof where) < 0) fail("connect");
    write_all(server, line, strlen(line));
    char c = 0;
    while (c != '\n' && read(server, &c, 1) == 1) putchar(c);
    close(server);
}

int main(void) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr*)&where, size) < 0 || listen(listener, 100) < 0) fail("listen");
    getsockname(listener, (struct sockaddr*)&where, &size);

    const pid_t server = fork();
    if (server < 0) fail("fork");
    if (server == 0) alarm(60);  // should nobody end it
    while (server == 0) serve(accept(listener, NULL, NULL));
    ask(where, "one\n");
    ask(where, "two\n");
    ask(where, "three\n");
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
}

/* SPDX-License-Identifier: BSL-1.0 */
/* A library that waits: when it comes, when it is called, and when it goes. Of waits_outside_main.c. */
#include "say.h"

#include <netdb.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void comes(void) {
    say("it comes: %d", usleep(1000));
}
__attribute__((destructor)) static void goes(void) {
    say("it goes: %d", poll(NULL, 0, 1));
}

long wait_there(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    const pid_t child = fork();
    if (child == 0) {
        usleep(2000);
        _exit(write(pair[1], "x", 1) == 1 ? 3 : 4);
    }
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo("localhost", "80", &wanted, &found) != 0) return -2;
    freeaddrinfo(found);
    fd_set reading;
    FD_ZERO(&reading);
    FD_SET(pair[0], &reading);
    const int ready = select(pair[0] + 1, &reading, NULL, NULL, NULL);
    char c;
    int status;
    if (ready != 1 || recv(pair[0], &c, 1, 0) != 1 || waitpid(child, &status, 0) != child) return -1;
    close(pair[0]), close(pair[1]);
    return WEXITSTATUS(status);
}

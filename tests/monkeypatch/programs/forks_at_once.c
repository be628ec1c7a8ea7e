/* SPDX-License-Identifier: BSL-1.0 */
/* fork is the first thing that main does, and again after a wait; parent and child go on, and both wait. */
#include "say.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];

static void live(const char* who, int own) {
    usleep(1000);
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    const int error = getaddrinfo("localhost", "80", &wanted, &found);
    if (!error) freeaddrinfo(found);
    struct pollfd entry = {own, POLLIN, 0};
    char word[16] = "";
    const int ready = poll(&entry, 1, 10000);
    const ssize_t size = read(own, word, sizeof word);
    char line[100];
    const int length = snprintf(line, sizeof line, "%s: lookup %d, poll %d, read %zd %s\n", who, error, ready, size, word);
    if (write(1, line, (size_t)length) != length) _exit(9);
}

static void fork_and_talk(const char* parent, const char* child) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    const pid_t other = fork();
    if (other == 0) {
        if (write(pair[1], "up", 3) != 3) _exit(8);
        live(child, pair[1]);
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            usleep(1000);
            _exit(5);
        }
        int status;
        waitpid(grandchild, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    live(parent, pair[0]);
    if (write(pair[0], "down", 5) != 5) exit(7);
    int status;
    said("status", wait(&status) == other ? WEXITSTATUS(status) : -1);
    close(pair[0]);
    close(pair[1]);
}

static void* in_a_thread(void* unused) {
    fork_and_talk("thread", "child of a thread");
    return unused;
}

int main(void) {
    fork_and_talk("parent", "child");
    fork_and_talk("parent again", "second child");
    pthread_t thread;
    pthread_create(&thread, NULL, in_a_thread, NULL);
    pthread_join(thread, NULL);
}

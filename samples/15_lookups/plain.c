// SPDX-License-Identifier: BSL-1.0
// Several names looked up, one after the other: blocking, in C.
//
//     build/samples/15_lookups-plain [NAME...]
//
// getaddrinfo blocks until the name server has answered, and the next name waits for that: give it names that are far
// away, and the twins beside this file the same ones. Without NAMEs it takes some that need no name server. You will
// see two addresses and an error.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

static void look_up(const char* name) {
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    const int error = getaddrinfo(name, NULL, &wanted, &found);
    if (error) {
        printf("%s: %s\n", name, gai_strerror(error));
        return;
    }
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &((struct sockaddr_in*)(void*)found->ai_addr)->sin_addr, text, sizeof text);
    printf("%s: %s\n", name, text);
    freeaddrinfo(found);
}

int main(int count, char** words) {
    for (int i = 1; i < count; ++i) look_up(words[i]);
    if (count > 1) return 0;
    look_up("localhost");
    look_up("192.0.2.1");
    look_up("flawed..name");
}

/* SPDX-License-Identifier: BSL-1.0 */
/* For rows about TCP: two connected ends, the far one of which sends at once what it is given. */
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int near, far;

static void connect_by_tcp(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    bind(listener, (struct sockaddr*)&at, size);
    getsockname(listener, (struct sockaddr*)&at, &size);
    listen(listener, 1);
    far = socket(AF_INET, SOCK_STREAM, 0);
    connect(far, (struct sockaddr*)&at, size);
    setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    near = accept(listener, NULL, NULL);
    close(listener);
}

static void disconnect_both(void) {
    close(near);
    close(far);
}

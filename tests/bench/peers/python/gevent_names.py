# SPDX-License-Identifier: BSL-1.0
"""gevent: looking up names by its resolver on c-ares, which needs no threads (GEVENT_RESOLVER=ares)."""
import socket

import gevent
import gevent.socket

import names
import peer


def look_up(size, n):
    count = names.names_each(size, n)

    def ask():
        for _ in range(count):
            gevent.socket.getaddrinfo(names.next_name(), None, family=socket.AF_INET, type=socket.SOCK_STREAM)

    return peer.timed(lambda: gevent.joinall([gevent.spawn(ask) for _ in range(size)], raise_error=True)), size * count


def work(request):
    gevent.config.resolver = "ares"
    peer.rate(look_up)(request)


WORKLOADS = {"dns": work}

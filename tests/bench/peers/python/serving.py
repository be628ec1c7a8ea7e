# SPDX-License-Identifier: BSL-1.0
"""What the serving programs in Python share; see ../serving.h."""
import socket
import time

BACKLOG_COUNT = 4096
BUFFER_SIZE_BYTES = 16384
HELLO_BODY = b"Hello, world!"
SLOW_WAIT_SECONDS = 0.02
SLOW_COMPUTING_SECONDS = 0.0002


def compute():
    end = time.perf_counter() + SLOW_COMPUTING_SECONDS
    while time.perf_counter() < end:
        pass


def listen():
    """A listener on a port that the kernel chooses; what it accepts inherits TCP_NODELAY."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG_COUNT)
    listener.setblocking(False)  # gevent accepts until there is nothing left
    return listener


def announce(listener):
    print(f"port={listener.getsockname()[1]}", flush=True)

# SPDX-License-Identifier: BSL-1.0
"""gevent: serving. StreamServer, a greenlet per connection; gevent's own sockets, no monkey patch."""
from gevent.server import StreamServer

import serving


def serve_each(handle):
    def serve(stream, _):
        try:
            handle(stream)
        except ConnectionError:
            pass

    listener = serving.listen()
    server = StreamServer(listener, serve)
    serving.announce(listener)
    server.serve_forever()


def echo(stream):
    receive, send_all = stream.recv, stream.sendall
    while data := receive(serving.BUFFER_SIZE_BYTES):
        send_all(data)


WORKLOADS = {
    "echo": lambda request: serve_each(echo),
}

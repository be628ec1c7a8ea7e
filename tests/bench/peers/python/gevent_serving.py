# SPDX-License-Identifier: BSL-1.0
"""gevent: serving. StreamServer, a greenlet per connection; gevent's own sockets, no monkey patch."""
import socket

import gevent
from gevent.pywsgi import WSGIServer
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


def serve_http():
    def application(_, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(serving.HELLO_BODY)))])
        return [serving.HELLO_BODY]

    listener = serving.listen()
    server = WSGIServer(listener, application, log=None, error_log=None)
    serving.announce(listener)
    server.serve_forever()


def pass_on(source, to):
    try:
        while data := source.recv(serving.BUFFER_SIZE_BYTES):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(client, upstream):
    with gevent.socket.create_connection(("127.0.0.1", upstream)) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = gevent.spawn(pass_on, server, client)
        pass_on(client, server)
        back.join()


def mixed(stream):
    rest = b""
    while data := stream.recv(serving.BUFFER_SIZE_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line == b"slow":
                gevent.sleep(serving.SLOW_WAIT_SECONDS)
                serving.compute()
            stream.sendall(b"ok\n")


WORKLOADS = {
    "echo": lambda request: serve_each(echo),
    "http": lambda request: serve_http(),
    "proxy": lambda request: serve_each(lambda client: proxy(client, int(request.named["upstream"]))),
    "mixed": lambda request: serve_each(mixed),
}

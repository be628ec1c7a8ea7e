# SPDX-License-Identifier: BSL-1.0
"""asyncio: serving. Buffered protocols, which are asyncio's fastest means: no task and no stream per connection, and no bytes
of 256 KiB for each read, for which malloc() would ask the kernel each time."""
import asyncio

import serving


def serve_each(protocol):
    async def serve():
        listener = serving.listen()
        server = await asyncio.get_running_loop().create_server(protocol, sock=listener, backlog=serving.BACKLOG_COUNT)
        serving.announce(listener)
        await server.serve_forever()

    asyncio.run(serve())


class Reading(asyncio.BufferedProtocol):
    """All connections read into one buffer: what has come is used up when take() returns."""

    buffer = memoryview(bytearray(serving.BUFFER_SIZE_BYTES))

    def get_buffer(self, _):
        return self.buffer

    def buffer_updated(self, size):
        self.take(self.buffer[:size])


class Conversation(Reading):
    """Of what is written, at most 64 KiB wait for room (the transport's limit): then no more is read."""

    def connection_made(self, transport):
        self.transport = transport

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class Echo(Conversation):
    def take(self, data):
        self.transport.write(data)


class Http(Conversation):
    """asyncio has no HTTP: as much of it as a constant answer needs."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n" + serving.HELLO_BODY
    rest = b""

    def take(self, data):
        *heads, self.rest = (self.rest + bytes(data)).split(b"\r\n\r\n")
        self.transport.write(self.ANSWER * len(heads))


class ProxyEnd(Reading):
    """One side of a proxy; `other` is the other one."""

    other = None

    def connection_made(self, transport):
        self.transport = transport

    def take(self, data):
        self.other.transport.write(data)

    def eof_received(self):
        self.other.transport.write_eof()
        return True  # the other direction goes on

    def pause_writing(self):
        self.other.transport.pause_reading()

    def resume_writing(self):
        self.other.transport.resume_reading()

    def connection_lost(self, _):
        if self.other:
            self.other.transport.close()


class ProxyClient(ProxyEnd):
    def __init__(self, upstream):
        self.upstream = upstream

    def connection_made(self, transport):
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        loop.call_soon(transport.pause_reading)  # not at once: it begins to read after this call
        self.connecting = loop.create_task(self.connect())

    async def connect(self):
        _, self.other = await asyncio.get_running_loop().create_connection(ProxyEnd, "127.0.0.1", self.upstream)
        self.other.other = self
        self.transport.resume_reading()


class Mixed(Conversation):
    rest = b""
    is_slow = False  # the present request waits

    def take(self, data):
        self.rest += data
        if not self.is_slow:
            self.answer_lines()

    def answer_lines(self):
        while not self.is_slow and b"\n" in self.rest:
            line, _, self.rest = self.rest.partition(b"\n")
            if line == b"slow":
                self.is_slow = True
                asyncio.get_running_loop().call_later(serving.SLOW_WAIT_SECONDS, self.answer_slow)
            else:
                self.transport.write(b"ok\n")

    def answer_slow(self):
        serving.compute()
        self.transport.write(b"ok\n")
        self.is_slow = False
        self.answer_lines()


WORKLOADS = {
    "echo": lambda request: serve_each(Echo),
    "http": lambda request: serve_each(Http),
    "proxy": lambda request: serve_each(lambda: ProxyClient(int(request.named["upstream"]))),
    "mixed": lambda request: serve_each(Mixed),
}

# SPDX-License-Identifier: BSL-1.0
"""asyncio: serving. Protocols, which are asyncio's fastest means: no task and no stream per connection."""
import asyncio

import serving


def serve_each(protocol):
    async def serve():
        listener = serving.listen()
        server = await asyncio.get_running_loop().create_server(protocol, sock=listener, backlog=serving.BACKLOG_COUNT)
        serving.announce(listener)
        await server.serve_forever()

    asyncio.run(serve())


class Conversation(asyncio.Protocol):
    """Of what is written, at most 64 KiB wait for room (the transport's limit): then no more is read."""

    def connection_made(self, transport):
        self.transport = transport

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class Echo(Conversation):
    def data_received(self, data):
        self.transport.write(data)


WORKLOADS = {
    "echo": lambda request: serve_each(Echo),
}

# SPDX-License-Identifier: BSL-1.0
"""asyncio: looking up names by loop.getaddrinfo(), which is libc's on a pool of threads, as large as what goes on at a time."""
import asyncio
import concurrent.futures
import socket

import names
import peer


def look_up(size, n):
    count = names.names_each(size, n)

    async def ask(loop):
        for _ in range(count):
            await loop.getaddrinfo(names.next_name(), None, family=socket.AF_INET, type=socket.SOCK_STREAM)

    async def ask_all():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(size))
        await asyncio.gather(*(ask(loop) for _ in range(size)))

    return peer.timed(lambda: asyncio.run(ask_all())), size * count


WORKLOADS = {"dns": peer.rate(look_up)}

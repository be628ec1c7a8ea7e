# SPDX-License-Identifier: BSL-1.0
"""What asyncio's peers time themselves. Between two threads each has a loop, and call_soon_threadsafe() is the door to it."""
import asyncio
import threading
import time

import peer


def in_loop(measure):
    """A measurement is a coroutine that asyncio runs."""
    return lambda *arguments: asyncio.run(measure(*arguments))


async def ring(size, n):
    laps = n // size + 1
    spent = 0

    async def take_turns(first):
        nonlocal spent
        await asyncio.sleep(0)
        start = time.perf_counter()
        for _ in range(laps):
            await asyncio.sleep(0)
        if first:
            spent = time.perf_counter() - start

    await asyncio.wait([asyncio.create_task(take_turns(i == 0)) for i in range(size)])
    return spent, laps * size


async def nothing():
    pass


async def spawn_and_join(_, n):
    start = time.perf_counter()
    for _ in range(n):
        await asyncio.create_task(nothing())
    return time.perf_counter() - start, n


async def skynet(first, size):
    if size <= 1:
        return first
    part = size // 10
    children = [asyncio.create_task(skynet(first + i * part, part)) for i in range(10)]
    total = 0
    for child in children:
        total += await child
    return total


async def sleep_until(moment):
    await asyncio.sleep(moment - time.monotonic())


async def sleepers(request):
    steps = peer.moments_of_sleep(request)
    for count, moment in steps:
        tasks = [asyncio.create_task(sleep_until(moment)) for _ in range(count)]
        await asyncio.sleep(0)
        next(steps)
        for task in tasks:
            await task


async def ping_pong(send, receive, n):
    for i in range(n):
        await send(i)
        await receive()


async def echo(send, receive, n):
    for _ in range(n):
        await send(await receive())


async def queue_ping_pong(_, n):
    there, back = asyncio.Queue(1), asyncio.Queue(1)
    other = asyncio.create_task(echo(back.put, there.get, n))
    start = time.perf_counter()
    await ping_pong(there.put, back.get, n)
    spent = time.perf_counter() - start
    await other
    return spent, 2 * n


def between_threads(make_side):
    """make_side() returns what the other thread calls by call_soon_threadsafe(), and what this one awaits."""

    async def measure(_, n):
        started = threading.Event()

        async def answer():
            nonlocal loop_there, put_there
            loop_there = asyncio.get_running_loop()
            put_there, get_there = make_side()
            started.set()
            for _ in range(n):
                loop_here.call_soon_threadsafe(put_here, await get_there())

        loop_here, loop_there = asyncio.get_running_loop(), None
        put_here, get_here = make_side()
        put_there = None
        other = threading.Thread(target=asyncio.run, args=[answer()])
        other.start()
        started.wait()
        start = time.perf_counter()
        for i in range(n):
            loop_there.call_soon_threadsafe(put_there, i)
            await get_here()
        spent = time.perf_counter() - start
        other.join()
        return spent, 2 * n

    return measure


def queue_side():
    queue = asyncio.Queue(1)
    return queue.put_nowait, queue.get


def semaphore_side():
    permits = asyncio.Semaphore(0)
    return lambda _: permits.release(), permits.acquire


async def mutex_handed_on(_, n):
    lock = asyncio.Lock()

    async def contend():
        for _ in range(n // 2):
            async with lock:
                await asyncio.sleep(0)

    start = time.perf_counter()
    await asyncio.wait([asyncio.create_task(contend()) for _ in range(2)])
    return time.perf_counter() - start, n


async def semaphore_handed_on(_, n):
    here, there = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def answer():
        for _ in range(n):
            await there.acquire()
            here.release()

    other = asyncio.create_task(answer())
    start = time.perf_counter()
    for _ in range(n):
        there.release()
        await here.acquire()
    spent = time.perf_counter() - start
    await other
    return spent, 2 * n


async def timer_cancelled(size, n):
    """The loop gets a turn now and then, as in a server: that is when it forgets cancelled timers."""
    loop = asyncio.get_running_loop()
    others = [loop.call_later(peer.far_away(i), int) for i in range(size)]
    start = time.perf_counter()
    for i in range(n):
        loop.call_later(peer.far_away(i), int).cancel()
        if i % 128 == 0:
            await asyncio.sleep(0)
    spent = time.perf_counter() - start
    for one in others:
        one.cancel()
    return spent, n


async def timer_expired(_, n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = n

    def expire():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    start = time.process_time()
    for i in range(n):
        loop.call_later(peer.soon(i), expire)
    await done
    return time.process_time() - start, n


WORKLOADS = {
    "switch": peer.each(in_loop(ring)),
    "spawn": peer.each(in_loop(spawn_and_join)),
    "skynet": peer.once(lambda size: asyncio.run(skynet(0, size))),
    "sleepers": in_loop(sleepers),
    "queue": peer.each(in_loop(queue_ping_pong)),
    "queue-threads": peer.each(in_loop(between_threads(queue_side))),
    "mutex": peer.each(in_loop(mutex_handed_on)),
    "semaphore": peer.each(in_loop(semaphore_handed_on)),
    "semaphore-threads": peer.each(in_loop(between_threads(semaphore_side))),
    "timer-cancel": peer.each(in_loop(timer_cancelled)),
    "timer-expire": peer.each(in_loop(timer_expired)),
}

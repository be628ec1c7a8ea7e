# SPDX-License-Identifier: BSL-1.0
"""What gevent's peers time themselves. Between two threads each has a hub, and run_callback_threadsafe() of its loop is the
door to it: a queue is for one thread, and a hub that only waits for a semaphore of another thread gives up (LoopExit)."""
import functools
import threading
import time

import gevent
import gevent.event
import gevent.lock
import gevent.queue

import peer


def ring(size, n):
    laps = n // size + 1
    spent = 0

    def take_turns(first):
        nonlocal spent
        gevent.sleep(0)
        start = time.perf_counter()
        for _ in range(laps):
            gevent.sleep(0)
        if first:
            spent = time.perf_counter() - start

    gevent.joinall([gevent.spawn(take_turns, i == 0) for i in range(size)])
    return spent, laps * size


def nothing():
    pass


def spawn_and_join(_, n):
    def spawn_all():
        for _ in range(n):
            gevent.spawn(nothing).join()

    return peer.timed(spawn_all), n


def skynet(first, size):
    if size <= 1:
        return first
    part = size // 10
    children = [gevent.spawn(skynet, first + i * part, part) for i in range(10)]
    total = 0
    for child in children:
        total += child.get()
    return total


def sleep_until(moment):
    gevent.sleep(moment - time.monotonic())


def sleepers(request):
    steps = peer.moments_of_sleep(request)
    for count, moment in steps:
        greenlets = [gevent.spawn(sleep_until, moment) for _ in range(count)]
        gevent.sleep(0)
        next(steps)
        gevent.joinall(greenlets)


def queue_ping_pong(_, n):
    there, back = gevent.queue.Queue(1), gevent.queue.Queue(1)

    def echo():
        for _ in range(n):
            back.put(there.get())

    def send_and_receive():
        for i in range(n):
            there.put(i)
            back.get()

    other = gevent.spawn(echo)
    spent = peer.timed(send_and_receive)
    other.join()
    return spent, 2 * n


def mutex_handed_on(_, n):
    lock = gevent.lock.BoundedSemaphore(1)

    def contend():
        for _ in range(n // 2):
            with lock:
                gevent.sleep(0)

    return peer.timed(lambda: gevent.joinall([gevent.spawn(contend) for _ in range(2)])), n


def semaphore_handed_on(_, n):
    here, there = gevent.lock.Semaphore(0), gevent.lock.Semaphore(0)

    def answer():
        for _ in range(n):
            there.acquire()
            here.release()

    def begin():
        for _ in range(n):
            there.release()
            here.acquire()

    other = gevent.spawn(answer)
    spent = peer.timed(begin)
    other.join()
    return spent, 2 * n


def between_threads(make_side):
    """make_side() returns what the other thread has this one's loop call, and what this one waits in."""

    def measure(_, n):
        def enter():
            loop = gevent.get_hub().loop
            watcher = loop.async_()
            watcher.start(nothing)  # so that the loop goes on while nothing else is to come
            put, get = make_side()
            return watcher, functools.partial(loop.run_callback_threadsafe, put), get

        def answer():
            nonlocal put_there
            watcher, put_there, get_there = enter()
            started.set()
            for _ in range(n):
                put_here(get_there())
            watcher.close()

        def begin():
            for i in range(n):
                put_there(i)
                get_here()

        started = threading.Event()
        watcher, put_here, get_here = enter()
        put_there = None
        other = threading.Thread(target=answer)
        other.start()
        started.wait()
        spent = peer.timed(begin)
        other.join()
        watcher.close()
        return spent, 2 * n

    return measure


def queue_side():
    queue = gevent.queue.Queue(1)
    return queue.put_nowait, queue.get


def semaphore_side():
    permits = gevent.lock.Semaphore(0)
    return lambda _: permits.release(), permits.acquire


def timer_cancelled(size, n):
    loop = gevent.get_hub().loop

    def arm(i):
        timer = loop.timer(peer.far_away(i))
        timer.start(nothing)
        return timer

    def arm_and_cancel():
        for i in range(n):
            arm(i).close()

    others = [arm(i) for i in range(size)]
    spent = peer.timed(arm_and_cancel)
    for one in others:
        one.close()
    return spent, n


def timer_expired(_, n):
    loop = gevent.get_hub().loop
    done = gevent.event.Event()
    left = n

    def expire():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    start = time.process_time()
    timers = [loop.timer(peer.soon(i)) for i in range(n)]
    for timer in timers:
        timer.start(expire)
    done.wait()
    spent = time.process_time() - start
    for timer in timers:
        timer.close()
    return spent, n


WORKLOADS = {
    "switch": peer.each(ring),
    "spawn": peer.each(spawn_and_join),
    "skynet": peer.once(lambda size: gevent.spawn(skynet, 0, size).get()),
    "sleepers": sleepers,
    "queue": peer.each(queue_ping_pong),
    "mutex": peer.each(mutex_handed_on),
    "semaphore": peer.each(semaphore_handed_on),
    "queue-threads": peer.each(between_threads(queue_side)),
    "semaphore-threads": peer.each(between_threads(semaphore_side)),
    "timer-cancel": peer.each(timer_cancelled),
    "timer-expire": peer.each(timer_expired),
}

# SPDX-License-Identifier: BSL-1.0
"""The peers: who they are, what kind of thing each is, and how its program is started."""
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
STACKFUL, STACKLESS, CALLBACKS, BARE = "stackful", "stackless", "callbacks", "bare"
PYTHON = "/usr/bin/python3"  # Debian's own, for which gevent is packaged


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    kind: str
    program: tuple = ()   # empty: the program of that name in the build
    is_slow: bool = False  # an interpreter: left out where there are a million of something
    most_units: float = inf  # that sleep at a time

    @property
    def in_quick(self):
        return not self.is_slow and self.name != "threads"

    @property
    def is_green(self):
        return self.name.startswith("green")

    def command(self, build):
        return [word.format(build=build, here=HERE) for word in self.program] or [f"{build}/tests/bench/peer-{self.name}"]


PEERS = [
    Peer("raw-epoll", "epoll by hand", BARE),
    Peer("boost-context", "Boost.Context, bare", BARE),
    Peer("green-fibers", "green, fibers", STACKFUL),
    Peer("green-patched", "green, patched libc calls", STACKFUL),
    Peer("boost-fiber", "Boost.Fiber", STACKFUL),
    Peer("asio-spawn", "Boost.Asio, spawn", STACKFUL),
    Peer("go", "Go", STACKFUL),
    Peer("gevent", "gevent", STACKFUL, (PYTHON, "{here}/peers/python/gevent_peer.py"), True),
    Peer("threads", "native threads", STACKFUL, most_units=10_000),  # a system limits them, and each has kernel memory
    Peer("green-coro", "green, tasks", STACKLESS),
    Peer("asio-coro", "Boost.Asio, C++20 coroutines", STACKLESS),
    Peer("asyncio", "Python asyncio", STACKLESS, (PYTHON, "{here}/peers/python/asyncio_peer.py"), True),
    Peer("asio-callbacks", "Boost.Asio, callbacks", CALLBACKS),
    Peer("libuv", "libuv", CALLBACKS),
    Peer("nginx", "nginx", CALLBACKS, ("{here}/peers/nginx",)),
]
BY_NAME = {peer.name: peer for peer in PEERS}


class Program:
    """A peer's program as it is here: what it can do, asked of itself."""

    def __init__(self, peer, build):
        self.peer = peer
        self.command = peer.command(build)

    @cached_property
    def workloads(self):
        """None when there is no such program here."""
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        except OSError:
            return None
        return set(done.stdout.split()) if done.returncode == 0 else None


def _first(pattern, *command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else None


def versions():
    """Of what is compared, as far as each can be asked."""
    def package(name):
        return _first(r"(\S+)", "dpkg-query", "-W", "-f", "${Version}", name)

    return {name: version for name, version in {
        "g++": _first(r"\) (\S+)", "g++", "--version"), "Boost": package("libboost1.81-dev"), "libuv": package("libuv1-dev"),
        "Go": _first(r"go version go(\S+)", "go", "version"), "Python": _first(r"Python (\S+)", PYTHON, "--version"),
        "gevent": package("python3-gevent"), "nginx": package("nginx-light") or package("nginx"),
        "glibc": " ".join(os.confstr("CS_GNU_LIBC_VERSION").split()[1:])}.items() if version}

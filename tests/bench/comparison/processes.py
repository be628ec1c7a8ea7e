# SPDX-License-Identifier: BSL-1.0
"""Programs that are measured: pinned to a core, started, asked, and ended whatever happens."""
import os
import re
import select
import signal
import subprocess
import time


class Failure(Exception):
    """A program did not do its part; the text says which and how."""


def key_values(line):
    return {key: float(value) for key, value in (word.split("=") for word in line.split())}


def settle_on(core, real_time=False):
    """Runs in a child between fork and exec: ties it to a core, before all ordinary processes if asked to.

    Real-time scheduling and not a low nice value, because the kernel weighs nice values inside one session only.
    """
    os.sched_setaffinity(0, {core})
    if real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def run(command, core, real_time=False, timeout=120):
    """What a program prints; `core` may be None."""
    def settle():
        if core is not None:
            settle_on(core, real_time)

    name = os.path.basename(str(command[0]))
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, preexec_fn=settle)
    except subprocess.TimeoutExpired:
        raise Failure(f"{name} was not done after {timeout:.0f} s") from None
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None
    if done.returncode != 0:
        raise Failure(f"{name} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


class Server:
    """A running server, which says port=N when it listens; a context manager, so that it ends with the block."""

    def __init__(self, name, command, core, real_time=False):
        self.name = name
        self.command = [str(word) for word in command]
        self.core = core
        self.real_time = real_time

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: settle_on(self.core, self.real_time))
        ready, _, _ = select.select([self.process.stdout], [], [], 10)
        first = self.process.stdout.readline() if ready else "nothing for 10 s"
        if not first.startswith("port="):
            self.stop()
            raise Failure(f"{self.name}: expected port=N, got {first!r}")
        self.port = int(first[len("port="):])
        return self

    def __exit__(self, *_):
        self.stop()

    def cpu_seconds(self):
        """That the process has used, to the nanosecond: its own clock (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def stop(self):
        """Asks the server to end, makes it end, and returns what its last line says; {} the second time."""
        if self.process.stdout.closed:
            return {}
        self.process.terminate()
        try:
            rest, _ = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rest, _ = self.process.communicate()
        self.process.stdout.close()
        last = rest.splitlines()[-1] if rest.strip() else ""
        return key_values(last) if "=" in last else {}


class Tracer:
    """Counts the system calls of a process while the block runs, each many times slower by that. Behind it `counts` has
    how many there were by name, and of all under the name total."""

    def __init__(self, pid):
        self.command = ["strace", "-f", "-c", "-U", "calls,name", "-p", str(pid)]

    def __enter__(self):
        try:
            self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise Failure(f"strace: {error.strerror}") from None
        first = self.process.stderr.readline()
        if "attached" not in first:
            self.process.wait()
            raise Failure(f"strace: {first.strip()}")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        summary = self.process.communicate()[1]
        self.counts = {name: int(count) for count, name in re.findall(r"^ *(\d+) (\w+)$", summary, re.M)}

# SPDX-License-Identifier: BSL-1.0
"""How each workload is driven: a driver measures one peer once and returns its figures."""
import functools
import os
import re
import subprocess
import tempfile
import time
from contextlib import ExitStack

from comparison.peers import HERE
from comparison.processes import Failure, Server, Tracer, key_values, run, settle_on

WARM_UP_SECONDS = 0.15
BROKEN_LINKS_FOUND = 1  # a crawler's exit status; the demo's site has some


class Timed:
    """The program measures itself."""

    def __init__(self, options, point, seconds):
        self.options, self.point, self.seconds = options, point, seconds

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def does(self, program):
        return program.workloads is not None and self.point.workload.name in program.workloads

    def measure(self, program):
        # What goes on between threads may use both cores, in all peers alike.
        core = None if self.point.workload.name.endswith("-threads") else self.options.server_core
        words = [self.point.workload.name, self.point.size or 2, f"{self.seconds:.3f}"]
        try:
            return key_values(run([*program.command, *words], core, self.options.real_time))
        except Failure:  # sleepers that the machine did not let fall asleep in time: they say so
            return key_values(run([*program.command, *words, "patience=5"], core, self.options.real_time))


class Names(Timed):
    """The program measures itself in namespaces of its own, where a name server of ours has port 53."""

    def does(self, program):
        return super().does(program) and can_set_apart()

    def measure(self, program):
        command = [HERE / "peers/apart", self.options.build / "tests/bench/name-server", self.options.client_core,
                   *program.command, self.point.workload.name, self.point.size, f"{self.seconds:.3f}"]
        return key_values(run(command, self.options.server_core, self.options.real_time))


@functools.cache
def can_set_apart():
    try:
        return subprocess.run(["unshare", "--map-root-user", "--net", "--mount", "ip", "-V"], capture_output=True).returncode == 0
    except OSError:
        return False


class Serving:
    """One server per peer, up for as long as the point takes; each turn is a window of load."""

    word = "echo"  # the workload as the peers' programs know it

    def __init__(self, options, point, seconds):
        self.options, self.point, self.seconds = options, point, seconds
        self.servers = {}
        self.stack = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def does(self, program):
        return program.workloads is not None and self.word in program.workloads

    def words(self):
        """Behind the workload's name."""
        return []

    def command(self, program):
        return [*program.command, self.word, *self.words()]

    def server(self, program):
        name = program.peer.name
        if name not in self.servers:
            started = Server(name, self.command(program), self.options.server_core, self.options.real_time)
            self.servers[name] = self.stack.enter_context(started)
        return self.servers[name]

    def load_command(self, server, seconds, *words):
        return [self.options.build / "tests/bench/echo-load", "--port", server.port, "--server-pid", server.process.pid,
                "--seconds", seconds, "--warm-up", WARM_UP_SECONDS, *words]

    def load(self, server, *words):
        return key_values(run(self.load_command(server, self.seconds, *words), self.options.client_core, self.options.real_time))

    def measure(self, program):
        return self.load(self.server(program), *self.load_words())

    def count(self, program):
        """What is counted in a run of its own, because counting takes time; {} where nobody lets us, or wants to know."""
        if all(metric.key != "system_calls_per_request" for metric in self.point.workload.metrics):
            return {}
        server = self.server(program)
        for way in (self.counted_by_kernel, self.counted_by_tracer):
            try:
                return {"system_calls_per_request": way(server)}
            except Failure:
                pass
        return {}

    def counted_by_kernel(self, server):
        return self.load(server, *self.load_words(), "--count-calls")["system_calls_per_request"]

    def counted_by_tracer(self, server):
        """Once all are connected. That a request is answered by one call that writes is taken for granted."""
        words = [str(word) for word in self.load_command(server, 10, *self.load_words())]
        load = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                preexec_fn=lambda: settle_on(self.options.client_core))
        try:
            time.sleep(0.3 + self.connection_count() / 5_000)
            with Tracer(server.process.pid) as tracer:
                time.sleep(self.seconds)
        finally:
            load.kill()
            load.wait()
        writes = sum(tracer.counts.get(name, 0) for name in ("write", "writev", "sendto", "sendmsg"))
        if writes == 0:
            raise Failure("strace: no call that writes")
        return tracer.counts["total"] / writes

    def connection_count(self):
        return 100

    def load_words(self):
        return []


class Echo(Serving):
    def connection_count(self):
        return self.point.size[1]

    def load_words(self):
        size, connections = self.point.size
        return ["--size", size, "--connections", connections, "--latency"]


class Churn(Serving):
    def load_words(self):
        return ["--connections", 100, "--churn", "--latency"]


class Stream(Serving):
    def load_words(self):
        return ["--size", 4096, "--connections", 10, "--in-flight", 16, "--latency"]


class Fairness(Serving):
    def load_words(self):
        return ["--connections", 1000, "--greedy", 1, "--latency"]


class Proxy(Serving):
    word = "proxy"

    def words(self):
        upstream = Server("raw-epoll", [self.options.build / "tests/bench/peer-raw-epoll", "echo"], self.options.client_core)
        return [f"upstream={self.stack.enter_context(upstream).port}"]

    def load_words(self):
        return ["--connections", 100, "--latency"]


class Mixed(Serving):
    word = "mixed"

    def load_words(self):
        return ["--lines", "--connections", 100, "--latency"]


class Http(Serving):
    word = "http"

    def load(self, server, *words):
        before = server.cpu_seconds()
        said = run(["wrk", "-t1", "-c100", f"-d{max(1, round(self.seconds))}s", "--latency", f"http://127.0.0.1:{server.port}/"],
                   self.options.client_core, self.options.real_time)
        cpu = server.cpu_seconds() - before
        requests = int(re.search(r"(\d+) requests in", said)[1])
        if re.search(r"Non-2xx|Socket errors", said):
            raise Failure(f"{server.name}: wrk saw errors: {said}")
        return {"requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
                "server_cpu_ns_per_request": cpu * 1e9 / requests,
                **{key: in_microseconds(re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said))
                   for key, percent in (("p50_us", 50), ("p99_us", 99))}}


class Crawl:
    """The demo's site, read whole by the sample crawlers; it is up for as long as the point takes."""

    programs = {"green-fibers": "crawl-fiber", "green-coro": "crawl-coro", "green-patched": "crawl-patched", "threads": "crawl-threads"}

    def __init__(self, options, point, seconds):
        self.options = options

    def __enter__(self):
        command = [self.options.build / "samples/demo_site/demo-site", "--serve"]
        self.site = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     preexec_fn=lambda: settle_on(self.options.client_core))
        self.addresses = self.site.stdout.readline().split()
        return self

    def __exit__(self, *_):
        self.site.communicate()

    def does(self, program):
        return program.peer.name in self.programs

    def measure(self, program):
        front_page, name_server = self.addresses
        name = self.programs[program.peer.name]
        found = tempfile.TemporaryFile("w+")
        began = time.monotonic()
        crawler = subprocess.Popen(
            [self.options.build / "samples/crawler" / name, "--scope", "domain", "--per-host", "16", "--dns", name_server, front_page],
            stdin=subprocess.DEVNULL, stdout=found, stderr=subprocess.DEVNULL, preexec_fn=lambda: settle_on(self.options.server_core))
        _, status, used = os.wait4(crawler.pid, 0)
        seconds = time.monotonic() - began
        crawler.returncode = os.waitstatus_to_exitcode(status)
        if crawler.returncode != BROKEN_LINKS_FOUND:
            raise Failure(f"{name} ended with {crawler.returncode}")
        return {"cpu_seconds": used.ru_utime + used.ru_stime, "seconds": seconds, "peak_mib": used.ru_maxrss / 1024}


def in_microseconds(found):
    return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]]


DRIVERS = {"timed": Timed, "echo": Echo, "churn": Churn, "stream": Stream, "fairness": Fairness, "proxy": Proxy,
           "mixed": Mixed, "http": Http, "dns": Names, "crawl": Crawl}

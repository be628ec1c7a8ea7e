# SPDX-License-Identifier: BSL-1.0
"""What is measured: the workloads, their sizes, what their figures mean, and what green must reach."""
from dataclasses import dataclass

SECONDS, NANOSECONDS, MICROSECONDS, BYTES = "s", "ns", "µs", "bytes"


@dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    more_is_better: bool = False


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    says: str
    metrics: tuple      # the first one decides who is first
    sizes: tuple = (None,)
    quick_sizes: tuple = ()
    driver: str = "timed"
    size_text: str = ""
    too_much_for_slow: int = 1 << 62  # sizes from which on interpreters are left out
    in_quick: bool = False

    def metric(self, key):
        return next(metric for metric in self.metrics if metric.key == key)

    def points(self, quick):
        for size in (self.quick_sizes or self.sizes[:1]) if quick else self.sizes:
            yield Point(self, size)


@dataclass(frozen=True)
class Point:
    """One workload at one size: a table of the report."""
    workload: Workload
    size: object

    @property
    def name(self):
        return self.workload.name if self.size is None else f"{self.workload.name} {self.size}"

    @property
    def title(self):
        size = self.size
        if size is None:
            return self.workload.title
        if isinstance(size, tuple):
            return f"{self.workload.title}, " + self.workload.size_text.format(*(f"{each:,}" for each in size))
        return f"{self.workload.title}, " + self.workload.size_text.format(f"{size:,}")


EACH = (Metric("ns", "each", NANOSECONDS),)
CPU = Metric("server_cpu_ns_per_request", "server's CPU per request", NANOSECONDS)
RATE = Metric("requests_per_second", "requests per second", "/s", more_is_better=True)
P50, P99, P999 = (Metric(f"{key}_us", key.replace("999", "99.9"), MICROSECONDS) for key in ("p50", "p99", "p999"))
CALLS = Metric("system_calls_per_request", "system calls per request", "")
RESIDENT = Metric("resident_bytes_each", "of it resident", BYTES)
A_MILLION = 1_000_000

WORKLOADS = [
    Workload("switch", "Switching", "Units of execution in a ring give up the processor in turns: one switch.", EACH,
             (2, 10, 10_000), (2, 10_000), size_text="a ring of {}", in_quick=True),
    Workload("spawn", "Starting and joining", "One is started that does nothing, and waited for.", EACH, in_quick=True),
    Workload("skynet", "Skynet", "A tree of units, ten children each, whose leaves are summed up.",
             (Metric("seconds", "all of it", SECONDS),), (100_000, A_MILLION), (100_000,), size_text="{} leaves",
             too_much_for_slow=A_MILLION),
    Workload("sleepers", "Many that sleep", "All sleep to the same moment. Memory is what the process has more, without pages of files, page tables included; without them it is resident.",
             (Metric("bytes_each", "memory each", BYTES), RESIDENT, Metric("start_ns", "starting one", NANOSECONDS),
              Metric("wake_ns", "waking one", NANOSECONDS)), (10_000, 100_000, A_MILLION), (10_000,), size_text="{}",
             too_much_for_slow=A_MILLION, in_quick=True),
    Workload("queue", "A queue's hand-over", "A number goes to another unit on the same thread, and comes back: one of the two ways.", EACH, in_quick=True),
    Workload("queue-threads", "A queue's hand-over between threads", "The same with a second thread.", EACH),
    Workload("mutex", "A mutex handed on", "Two on one thread lock in turns what the other one holds.", EACH),
    Workload("mutex-threads", "A mutex between threads", "Two threads compute for 0.2 µs under it, and for as long without it, again and again. Nobody can take less each than 0.2 µs.", EACH),
    Workload("semaphore", "A semaphore handed on", "Two on one thread release each other in turns.", EACH, in_quick=True),
    Workload("semaphore-threads", "A semaphore handed on between threads", "The same with a second thread.", EACH),
    Workload("timer-cancel", "A timer armed and cancelled", "While others stay armed, as time-outs mostly are: never to expire.", EACH,
             (10_000,), size_text="among {}", in_quick=True),
    Workload("timer-expire", "Timers that expire", "Armed in no order for moments within 10 ms; processor time of arming and expiring.", EACH),
    Workload("echo", "TCP echo", "One request in flight on each of many connections; the server has a core of its own, the load the other.",
             (CPU, RATE, P50, P99, P999, CALLS),
             tuple((size, count) for size in (64, 4096) for count in (1, 100, 1000, 10_000)), ((64, 100), (64, 1000)),
             driver="echo", size_text="{} bytes, {} connections", in_quick=True),
    Workload("stream", "Streaming echo", "Ten connections that have sixteen messages of 4 KiB each on their way at all times.",
             (CPU, RATE, P99), driver="stream"),
    Workload("churn", "Connections that carry one request", "Connect, one echo of 64 bytes, close; a hundred at a time.",
             (CPU, RATE, P99, CALLS), driver="churn"),
    Workload("http", "HTTP hello", "13 bytes of text over kept connections, asked for by wrk on 100 of them.",
             (RATE, CPU, P50, P99), driver="http", in_quick=True),
    Workload("proxy", "A proxy hop", "TCP in, TCP out to an echo server, and back; 100 connections, 64 bytes.", (CPU, RATE, P99),
             driver="proxy"),
    Workload("dns", "Names", "A hundred look-ups at a time, of names that are not cached, answered on loopback.",
             (Metric("per_second", "look-ups per second", "/s", more_is_better=True),), (100,), driver="dns", size_text="{} at a time", in_quick=True),
    Workload("mixed", "A service with slow requests", "1 % of the requests wait 20 ms and compute 0.2 ms; percentiles are of the others.",
             (P99, P50, P999, RATE), driver="mixed"),
    Workload("fairness", "One greedy connection", "It keeps 64 requests in flight beside a thousand polite ones, of which the percentiles are.",
             (P99, P50, P999, RATE), driver="fairness"),
    Workload("crawl", "Crawlers", "The demo's website of hundreds of pages, each answered after a delay.",
             (Metric("cpu_seconds", "CPU", SECONDS), Metric("seconds", "time", SECONDS), Metric("peak_mib", "memory", "MiB")),
             driver="crawl"),
]
BY_NAME = {workload.name: workload for workload in WORKLOADS}
POINTS = {point.name: point for workload in WORKLOADS for point in workload.points(quick=False)}


@dataclass(frozen=True)
class Target:
    """`metric` of `peer` at `point`, divided by that of `reference` (or alone), is at most `limit`, or at least."""
    peer: str
    point: str
    metric: str
    limit: float
    reference: str = ""
    reference_point: str = ""
    at_least: bool = False


TARGETS = [
    *(Target("green-fibers", f"echo (64, {count})", CPU.key, 1.02, "raw-epoll") for count in (100, 1000, 10_000)),
    *(Target("green-fibers", f"echo (64, {count})", P99.key, 1.0, "raw-epoll") for count in (100, 1000, 10_000)),
    Target("green-fibers", "switch 2", "ns", 1.35, "boost-context"),
    Target("green-fibers", "spawn", "ns", 7, "boost-context", "switch 2"),
    Target("green-fibers", "semaphore", "ns", 4, "boost-context", "switch 2"),
    Target("green-fibers", "queue", "ns", 4, "boost-context", "switch 2"),
    *(Target("green-fibers", f"sleepers {count}", RESIDENT.key, 4.5 * 1024) for count in (10_000, 100_000, A_MILLION)),
    *(Target("green-coro", f"sleepers {count}", RESIDENT.key, 400) for count in (10_000, 100_000, A_MILLION)),
    Target("green-fibers", "http", RATE.key, 1.0, "asio-callbacks", at_least=True),
    Target("green-fibers", "http", RATE.key, 0.8, "nginx", at_least=True),
]
FIRST_WITHIN = 1.03  # of the first of its kind, in every workload

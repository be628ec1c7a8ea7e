#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Crawls through a server that misbehaves on purpose, under names some of which have no answer.

The front page links to each misbehaviour once. Each must end as one line in the --out file that says clearly what was
wrong, and none may hang past the timeout, keep a descriptor, or make the crawler grow."""
import contextlib
import re
import socket
import sys
import time
import zlib

from crawler import SLOWNESS, Crawling, check, crawl
from processes import descriptors, need, scratch_folder
from servers import name_server, silent_name_server
from web import WebServer

TIMEOUT = 5 if SLOWNESS == 1 else 10  # for one try; far more than a busy machine needs for an honest answer
BACK_OFF = 3.5  # at most, in all, between tries that fail at once
TRIES = 4                            # the first and three more, see retry.h
MOST_MEMORY = 300e6 if SLOWNESS == 1 else 1500e6  # a sanitizer keeps freed memory for a while
MOST_DESCRIPTORS = 20  # 0, 1, 2, --out, epoll, events, the signal, the name server's, the connection under way
GIGABYTE = 1 << 30

poured = {}  # path -> bytes that the client took from an answer without end


class Misbehaviour:
    def __init__(self, answer, status, error, tries):
        self.answer, self.status, self.error, self.tries = answer, status, error, tries


MISBEHAVIOURS = {}


def misbehaviour(name, status=0, error="", tries=1):
    """Registers an answer. `error` is what the line's error must match, as a whole; "" means that it is no error.
    `tries` is how often a patient client asks."""
    def register(answer):
        MISBEHAVIOURS["/" + name] = Misbehaviour(answer, status, error, tries)
        return answer
    return register


def pour(request, piece, most=GIGABYTE):
    """Sends `piece` again and again, until the client has had enough."""
    sent = 0
    try:
        while sent < most:
            request.send(piece)
            sent += len(piece)
    finally:
        poured[request.path] = max(sent, poured.get(request.path, 0))


def drip(request, text):
    for c in text:
        request.send(c)
        time.sleep(1)


# --- it closes ---

CLOSED = ".*connection was closed.*"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@misbehaviour("closes-before-answer", error=CLOSED, tries=TRIES)
def _(request):
    pass


@misbehaviour("closes-in-status-line", error=CLOSED, tries=TRIES)
def _(request):
    request.send("HTTP/1.")


@misbehaviour("closes-in-header", error=CLOSED, tries=TRIES)
def _(request):
    request.send(HEAD + "Content-Le")


@misbehaviour("closes-in-body", status=200, error=CLOSED, tries=TRIES)
def _(request):
    request.send(HEAD + "Content-Length: 1000\r\n\r\n<p>a hundred bytes perhaps")


@misbehaviour("closes-in-chunk", status=200, error=CLOSED, tries=TRIES)
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n100\r\n<p>")


@misbehaviour("closes-before-last-chunk", status=200, error=CLOSED, tries=TRIES)
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n")


@misbehaviour("resets-at-once", error=".*(closed|reset).*", tries=TRIES)
def _(request):
    request.reset()


@misbehaviour("resets-in-body", status=200, error=".*(closed|reset).*", tries=TRIES)
def _(request):
    request.send(HEAD + "Content-Length: 1000\r\n\r\n<p>")
    time.sleep(0.3)
    request.reset()


# --- it does not end ---

TIMED_OUT = ".*timed out.*"
HEADER_TOO_LARGE = ".*header is too large.*"
BODY_TOO_LARGE = ".*body is too large.*"
MALFORMED = ".*does not speak HTTP.*"


@misbehaviour("never-answers", error=TIMED_OUT)
def _(request):
    request.wait_for_end()


@misbehaviour("drips-header", error=TIMED_OUT)
def _(request):
    drip(request, HEAD + "\r\n")


@misbehaviour("drips-body", status=200, error=TIMED_OUT)
def _(request):
    request.send(HEAD + "\r\n")
    drip(request, "<p>" * 100)


@misbehaviour("stops-in-body", status=200, error=TIMED_OUT)
def _(request):
    request.send(HEAD + "Content-Length: 1000\r\n\r\n<p>")
    request.wait_for_end()


@misbehaviour("header-line-of-a-gigabyte", error=HEADER_TOO_LARGE)
def _(request):
    request.send(HEAD + "X-Long: ")
    pour(request, b"x" * 65536)


@misbehaviour("status-line-of-a-gigabyte", error=f"{HEADER_TOO_LARGE}|{MALFORMED}")
def _(request):
    request.send("HTTP/1.1 200 ")
    pour(request, b"x" * 65536)


@misbehaviour("headers-without-end", error=HEADER_TOO_LARGE)
def _(request):
    request.send(HEAD)
    pour(request, b"X-More: and more\r\n" * 1000)


@misbehaviour("interim-answers-without-end", error=f"{HEADER_TOO_LARGE}|{MALFORMED}|{TIMED_OUT}")
def _(request):
    pour(request, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000)


@misbehaviour("body-without-end", status=200, error=f"{BODY_TOO_LARGE}|{TIMED_OUT}")
def _(request):
    request.send(HEAD + "\r\n")
    pour(request, b"<p>on and on\n" * 5000, 100 * GIGABYTE)


@misbehaviour("chunks-without-end", status=200, error=f"{BODY_TOO_LARGE}|{TIMED_OUT}")
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n")
    pour(request, b"10000\r\n" + b"x" * 65536 + b"\r\n", 100 * GIGABYTE)


@misbehaviour("chunk-extension-without-end", status=200, error=f"{HEADER_TOO_LARGE}|{MALFORMED}")
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n5;x=")
    pour(request, b"x" * 65536)


@misbehaviour("trailer-without-end", status=200, error=f"{HEADER_TOO_LARGE}|{MALFORMED}")
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n0\r\n")
    pour(request, b"X-More: and more\r\n" * 1000)


@misbehaviour("announces-a-terabyte", status=200, error=f"{BODY_TOO_LARGE}|{TIMED_OUT}")
def _(request):
    request.send(HEAD + f"Content-Length: {GIGABYTE * 1024}\r\n\r\n")
    pour(request, b"<p>on and on\n" * 5000, 100 * GIGABYTE)


# No page is kept of it, and that it is there can be told after some of it.
@misbehaviour("film-without-end", status=200)
def _(request):
    request.send("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
    pour(request, b"x" * 65536, 100 * GIGABYTE)


def gzip_of_zeros(megabytes):
    """Zeros, packed a thousand to one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # stands for itself, so it can be repeated
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + piece * megabytes


@misbehaviour("gzip-bomb", status=200, error=BODY_TOO_LARGE)
def _(request):
    bomb = gzip_of_zeros(10_000)
    request.send(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb) + 8}\r\n\r\n")
    request.send(bomb)
    request.wait_for_end()


# --- it is wrong ---

@misbehaviour("body-longer-than-announced", status=200)
def _(request):
    request.send(HEAD + "Content-Length: 3\r\n\r\n<p><a href=/behind-the-end>")
    request.wait_for_end()


@misbehaviour("no-http", error=MALFORMED)
def _(request):
    request.send(b"220 mail.green.test ESMTP\r\n\r\n")


@misbehaviour("random-bytes", error=MALFORMED)
def _(request):
    request.send(bytes(range(256)) * 10 + b"\r\n\r\n")


@misbehaviour("bare-html", error=MALFORMED)
def _(request):
    request.send("<html><body>HTTP/0.9 was like this</body></html>\r\n\r\n")


@misbehaviour("status-of-letters", error=MALFORMED)
def _(request):
    request.send("HTTP/1.1 abc OK\r\n\r\n")


@misbehaviour("http-2", error=MALFORMED)
def _(request):
    request.send("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")


@misbehaviour("header-without-colon", error=MALFORMED)
def _(request):
    request.send(HEAD + "what is this\r\n\r\n")


@misbehaviour("two-content-lengths", error=MALFORMED)
def _(request):
    request.send(HEAD + "Content-Length: 3\r\nContent-Length: 5\r\n\r\n<p>ab")


@misbehaviour("negative-content-length", error=MALFORMED)
def _(request):
    request.send(HEAD + "Content-Length: -1\r\n\r\n")


@misbehaviour("chunk-size-of-letters", status=200, error=MALFORMED)
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\n<p>\r\n0\r\n\r\n")


@misbehaviour("chunk-size-past-64-bits", status=200, error=f"{MALFORMED}|{BODY_TOO_LARGE}")
def _(request):
    request.send(HEAD + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n<p>\r\n0\r\n\r\n")


@misbehaviour("gzip-of-nonsense", status=200, error=".*decompressed.*")
def _(request):
    request.answer(body=b"\x1f\x8b\x08\0this is no gzip at all", headers=["Content-Encoding: gzip"])


@misbehaviour("garbage-html", status=200)
def _(request):
    request.answer(body=bytes(range(256)) * 200 + b"<a href='" + b"<div " * 1000 + b"\0<!--<script>" + b"<a href=#>" * 1000)


@misbehaviour("deep-html", status=200)
def _(request):
    request.answer(body="<div>" * 200_000)


# --- it redirects ---

@misbehaviour("redirects-to-itself", status=302, error=".*redirect.*loop.*")
def _(request):
    request.answer("302 Found", headers=["Location: /redirects-to-itself"])


# One line of the loop tells of it: the one that closes it.
@misbehaviour("redirect-loop-a", status=302, error="(.*redirect.*loop.*)?")
def _(request):
    request.answer("302 Found", headers=["Location: /redirect-loop-b"])


@misbehaviour("redirect-loop-b", status=302, error="(.*redirect.*loop.*)?")
def _(request):
    request.answer("302 Found", headers=["Location: /redirect-loop-a"])


@misbehaviour("redirects-to-garbage", status=302, error=".*redirect.*")
def _(request):
    request.answer("302 Found", headers=["Location: http://[::bad/\xff"])


@misbehaviour("redirects-to-another-scheme", status=302, error=".*redirect.*")
def _(request):
    request.answer("302 Found", headers=["Location: ftp://green.test/"])


@misbehaviour("redirects-to-port-65536", status=302, error=".*redirect.*")
def _(request):
    request.answer("302 Found", headers=["Location: http://green.test:65536/"])


@misbehaviour("redirects-nowhere", status=302, error=".*redirect.*")
def _(request):
    request.answer("302 Found")


def answer_chain(request):
    request.answer("302 Found", headers=[f"Location: /chain/{int(request.path.rpartition('/')[2]) + 1}"])


# --- it is busy ---

@misbehaviour("busy-once", status=200, tries=2)
def _(request):
    if len(server.requests_for(request.path)) == 1:
        request.answer("503 Service Unavailable", headers=["Retry-After: 1"])
    else:
        request.answer(body="<p>")


@misbehaviour("busy-forever", status=429, tries=TRIES)
def _(request):
    request.answer("429 Too Many Requests")


# More than anybody waits for.
@misbehaviour("busy-for-a-week", status=503)
def _(request):
    request.answer("503 Service Unavailable", headers=["Retry-After: 604800"])


# --- names ---

NAMES = {  # host -> status and error of its page; what its robots.txt is like stands in answer_rules()
    "nowhere.green.test": (0, ".*(name|host).*(not (known|found)|no such|does not exist).*|.*not known.*"),
    "silent.green.test": (0, f"{TIMED_OUT}|.*[Tt]emporary.*"),
    "rules-without-end.green.test": (200, ""),  # RFC 9309, section 2.5: the first 500 KiB count
    "rules-never-come.green.test": (0, f".*robots.txt.*{TIMED_OUT}"),
    "rules-closed.green.test": (0, f".*robots.txt.*{CLOSED}"),
    "rules-out-of-order.green.test": (0, ".*robots.txt.*"),  # section 2.3.1.4: all is forbidden
    "rules-loop.green.test": (None, "(.*robots.txt.*)?"),  # section 2.3.1.2 leaves it to us
}


def answer_rules(request):
    kind = request.host.partition(".")[0]
    if kind == "rules-without-end":
        request.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /secret\n")
        pour(request, b"# on and on\n" * 5000, 100 * GIGABYTE)
    elif kind == "rules-never-come":
        request.wait_for_end()
    elif kind == "rules-closed":
        pass
    elif kind == "rules-out-of-order":
        request.answer("500 Out of Order")
    elif kind == "rules-loop":
        request.answer("302 Found", headers=["Location: /robots.txt"])
    else:
        request.answer("404 Not Found")


# --- the whole ---

BAD_LINKS = {
    "http://green.test:65536/": ".*port.*",
    f"http://{'a' * 64}.green.test/": ".*(long|label).*",
    "http://[::bad/": ".+",
}


def front_page(other_links):
    links = [*MISBEHAVIOURS, "/chain/0", "/step/0", *other_links, *BAD_LINKS]
    return "".join(f"<a href='{link}'>{link}</a>\n" for link in links)


quiet_since = time.monotonic()


def answer_step(request):
    """A chain of slow pages that keeps the crawl alive until all else is over, and then looks at what it holds."""
    global descriptors_left
    time.sleep(0.5)
    others = [r for r in server.requests if not r.path.startswith("/step/")]
    quiet = time.monotonic() - max(r.at for r in others)
    step = int(request.path.rpartition("/")[2])
    # All that may still come is a try that times out, and the longest back-off.
    if (quiet > TIMEOUT + 3 and server.connection_count() == 1) or step > 80 * SLOWNESS:
        descriptors_left = descriptors(under_way.pid)
        request.answer(body="the end")
    else:
        request.answer(body=f"<a href=/step/{step + 1}>")


def answer(request):
    if request.path == "/":
        request.answer(body=front if request.host == "green.test" else "<p>")
    elif request.path == "/robots.txt":
        answer_rules(request)
    elif request.path.startswith("/chain/"):
        answer_chain(request)
    elif request.path.startswith("/step/"):
        answer_step(request)
    elif request.path in MISBEHAVIOURS:
        MISBEHAVIOURS[request.path].answer(request)
    else:
        request.answer("404 Not Found")


def check_line(run, url, status, error, complaints, tries=TRIES):
    lines = [r for r in run.records if r["url"] == url]
    if len(lines) != 1:
        complaints.append(f"{url}: {len(lines)} lines, not one")
        return
    [line] = lines
    if (status is not None and line["status"] != status) or not re.fullmatch(error, line["error"]):
        complaints.append(f"{url}: status {line['status']} and error \"{line['error']}\", "
                          f"not {status} and \"{error}\"")
    most = tries * (TIMEOUT + 2) + (BACK_OFF if tries > 1 else 0)
    if line["milliseconds"] > most * 1000 * (2 if SLOWNESS > 1 else 1):
        complaints.append(f"{url}: took {line['milliseconds']} ms, more than {tries} tries of {TIMEOUT} s may")


def check_tries(complaints):
    for path, expected in MISBEHAVIOURS.items():
        count = len(server.requests_for(path))
        if count != expected.tries:
            complaints.append(f"{path}: asked for {count} times, not {expected.tries}")
    times = [r.at for r in server.requests_for("/busy-once")]
    if len(times) == 2 and times[1] - times[0] < 1:
        complaints.append(f"/busy-once: asked again after {times[1] - times[0]:.2f} s, not after the second it asked for")


def check_poured(complaints):
    buffers = 32 << 20  # what the kernel takes in between
    for path, count in poured.items():
        most = buffers + ((64 << 20) if re.search("body|chunks|film|terabyte|robots", path) else 0)
        if count > most:
            complaints.append(f"{path}: took {count} bytes before it had enough")


def check_chain(run, complaints):
    chain = [r for r in run.records if "/chain/" in r["url"]]
    told = [r for r in chain if re.search("redirect", r["error"])]
    if not 5 <= len(chain) <= 50 or len(told) != 1:
        complaints.append(f"/chain/: followed {len(chain)} redirects, and {len(told)} lines say that it goes on and on")


def check_run(run, other_links):
    complaints = []
    for path, expected in MISBEHAVIOURS.items():
        check_line(run, server.url(path, "green.test"), expected.status, expected.error, complaints,
                   expected.tries)
    for url, (status, error) in other_links.items():
        check_line(run, url, status, error, complaints)
    for url, error in BAD_LINKS.items():
        check_line(run, url, 0, error, complaints)
    check_tries(complaints)
    check_poured(complaints)
    check_chain(run, complaints)
    loop = [r["error"] for r in run.records if "/redirect-loop-" in r["url"]]
    if not any(loop):
        complaints.append("/redirect-loop-: no line tells of the loop")
    if [r for r in server.requests if r.path == "/behind-the-end"]:
        complaints.append("/behind-the-end: what comes behind the end of a page was taken for a part of it")
    urls = [r["url"] for r in run.records]
    complaints += [f"{url}: several lines" for url in set(urls) if urls.count(url) > 1]
    for line in run.records:
        if "/step/" in line["url"] and (line["status"], line["error"]) != (200, ""):
            complaints.append(f"{line['url']}: an honest page got status {line['status']} and error \"{line['error']}\"")
    if not descriptors_left or len(descriptors_left) > MOST_DESCRIPTORS:
        complaints.append(f"{len(descriptors_left)} descriptors near the end: {descriptors_left}")
    if run.peak_bytes > MOST_MEMORY:
        complaints.append(f"{run.peak_bytes / 1e6:.0f} MB resident at its peak")
    check(not complaints, "\n  ".join(["", *complaints]))
    run.check_status(1)


@contextlib.contextmanager
def listener_that_never_accepts():
    """A port whose queue is full, so that the kernel ignores whoever else wants to connect; yields it."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield listener.getsockname()[1]


def crawl_the_misbehaving(folder):
    global server, front, under_way, descriptors_left
    descriptors_left = {}
    with silent_name_server() as silent, \
            name_server(folder, "--address=/green.test/127.0.0.1", "--address=/nowhere.green.test/",
                        f"--server=/silent.green.test/127.0.0.1#{silent}", "--host-record=six.green.test,::1") as dns, \
            listener_that_never_accepts() as full, \
            socket.socket() as refusing, \
            WebServer(answer) as server:
        refusing.bind(("127.0.0.1", 0))  # and never listens
        others = {server.url("/", host): expected for host, expected in NAMES.items()}
        others[f"http://refusing.green.test:{refusing.getsockname()[1]}/"] = (0, ".*refused.*")
        others[f"http://six.green.test:{refusing.getsockname()[1]}/"] = (0, ".*(refused|unreachable|assign).*")
        others[f"http://full.green.test:{full}/"] = (0, f".*robots.txt.*{TIMED_OUT}")
        front = front_page(others)
        start = server.url("/", "green.test")
        with Crawling(folder, "--dns", f"127.0.0.1:{dns}", "--timeout", TIMEOUT, "--scope", "domain", "--per-host", 30,
                      start, limit_seconds=100) as under_way:
            run = under_way.finish()
        print(f"{len(run.records)} lines in {run.seconds:.1f} s, {run.peak_bytes / 1e6:.0f} MB at the peak, "
              f"{len(descriptors_left)} descriptors near the end, {len(server.requests)} requests")
        if "-v" in sys.argv:
            for line in run.records:
                print(f"  {line['status']:3} {line['milliseconds']:6} ms  {line['url']}: {line['error']}")
            print(run.text())
        check_run(run, others)


def crawl_without_names(folder):
    """No name server answers at all: the timeout ends that, and there is one line about it."""
    with silent_name_server() as silent, socket.socket(type=socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        closed_port = closed.getsockname()[1]
        closed.close()
        for what, port in ("silent", silent), ("closed", closed_port):
            run = crawl(folder, "--dns", f"127.0.0.1:{port}", "--timeout", TIMEOUT, "http://green.test/")
            print(f"name server {what}: {run.seconds:.1f} s, \"{run.record('http://green.test/')['error']}\"")
            run.check_status(1)
            check(len(run.records) == 1 and run.records[0]["error"], f"no clear line\n{run.records}\n{run.text()}")
            check(run.seconds < (TIMEOUT + 4) * SLOWNESS, f"took {run.seconds:.1f} s")


def main():
    need("dnsmasq")
    with scratch_folder() as folder:
        crawl_the_misbehaving(folder)
        crawl_without_names(folder)


main()

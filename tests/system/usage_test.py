#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What the crawlers promise to whoever types them: exit statuses, messages, every option, Ctrl-C, a full disk, too few
descriptors, a terminal. Each function is a case; its name says what must hold."""
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import threading
import time

import crawler
from crawler import NAMES, SANITIZED, SLOWNESS, Crawling, check, choose, crawl, one_line_error, stops_within
from processes import need, scratch_folder
from servers import name_server
from web import WebServer

CASES = []


def case(function):
    CASES.append(function)
    return function


def pages(**links):
    """An answer() for a site: page name -> the links on it. `index` is "/"; what is not named is 404."""
    def answer(request):
        name = request.path.strip("/") or "index"
        if name not in links:
            return request.answer("404 Not Found", "<p>nothing here")
        request.answer(body="".join(f"<a href='{link}'>{link}</a>" for link in links[name].split()))
    return answer


def paths(run):
    return sorted(re.sub(r"^http://[^/]*", "", r["url"]) for r in run.records)


# --- exit statuses ---

@case
def all_fine_is_status_0(folder):
    with WebServer(pages(index="/a /b", a="/", b="/a#part")) as server:
        run = crawl(folder, server.url("/"))
    run.check_status(0)
    check(paths(run) == ["/", "/a", "/b"], run.records)
    check("3 pages, 0 errors" in run.stdout and run.stderr == "", run.text())
    index, a = run.record(server.url("/")), run.record(server.url("/a"))
    check(index["status"] == 200 and index["type"] == "text/html" and index["bytes"] > 0, index)
    check(index["depth"] == 0 and index["from"] == "" and index["error"] == "", index)
    check(a["depth"] == 1 and a["from"] == server.url("/"), a)


@case
def a_broken_link_is_status_1_and_named(folder):
    with WebServer(pages(index="/a", a="/gone")) as server:
        run = crawl(folder, server.url("/"))
    run.check_status(1)
    check(run.record(server.url("/gone"))["status"] == 404, run.records)
    check("2 pages, 1 error" in run.stdout, run.text())
    check(re.search(rf"{server.url('/gone')}\s+status 404, linked from {server.url('/a')}", run.stdout), run.text())


@case
def a_server_that_is_not_there_is_status_1(folder):
    with WebServer(pages()) as server:
        url = server.url("/")
    run = crawl(folder, url, limit_seconds=30)
    run.check_status(1)
    check("refused" in run.record(url)["error"], run.records)


@case
def times_include_further_tries(folder):
    with WebServer(pages()) as server:
        refusing = server.url("/")
    tries = []

    def busy(request):
        tries.append(request.path)
        request.answer("503 Service Unavailable")

    with WebServer(busy) as server:
        for url in refusing, server.url("/"):
            run = crawl(folder, "--no-robots", url, limit_seconds=30)
            run.check_status(1)
            spent = run.record(url)["milliseconds"] / 1000
            # Waits of half to all of 0.5, 1 and 2 seconds.
            check(1.75 <= spent <= run.seconds, f"{spent} s of {run.seconds:.2f} s\n{run.text()}")
            alone = re.search(r"One at a time it would have taken ([\d.]+) s\.", run.stdout)
            check(alone and abs(float(alone[1]) - spent) <= 0.1, run.text())
    check(len(tries) == 4, tries)


@case
def wrong_use_is_status_2_and_a_clear_line(folder):
    here = "http://127.0.0.1:9/"
    for arguments, words in {
        (): "URL",
        ("",): "URL",
        ("ftp://green.test/",): "ftp",
        ("green.test",): "green.test",
        ("https://127.0.0.1/", "https://green.test/"): "https://127.0.0.1/.*TLS is not spoken",
        ("http://",): "http://",
        ("http://127.0.0.1:65536/",): "port",
        ("http://127.0.0.1:0/",): "port",
        ("http://127.0.0.1:http/",): "port",
        ("http://" + "a" * 64 + ".test/",): "a" * 64,
        ("http://" + "a." * 130 + "test/",): "long",
        ("http://a..b/",): "a..b",
        ("http://[::1/",): r"no \].*\[::1",
        ("http://user:secret@green.test/",): "user",
        ("--jobs", "0", here): "--jobs.*0",
        ("--jobs", "-1", here): "--jobs",
        ("--jobs", "many", here): "--jobs.*many",
        ("--jobs", "99999999999999999999", here): "--jobs",
        ("--per-host", "0", here): "--per-host",
        ("--depth", "-1", here): "--depth",
        ("--max-pages", "0", here): "--max-pages",
        ("--timeout", "0", here): "--timeout",
        ("--timeout", "nan", here): "--timeout",
        ("--timeout", "-3", here): "--timeout",
        ("--timeout", "1e9", here): "--timeout",
        ("--scope", "world", here): "--scope.*world",
        ("--dns", "green.test", here): "--dns.*green.test",
        ("--dns", "127.0.0.1:65536", here): "--dns.*65536",
        ("--dns", "127.0.0.1:", here): "--dns.*port.*127.0.0.1:",
        ("--user-agent", "", here): "--user-agent",
        ("--user-agent", "a\r\nX-Header: b", here): "--user-agent",
        ("--out", f"{folder}/missing/out", here): "--out.*missing",
        ("--out", folder, here): "--out",
        ("--out", "", here): "--out",
        ("--out", folder / ("n" * 300), here): "[Ff]ile name too long",
        ("--out",): "--out",
        ("--frobnicate", here): "--frobnicate",
        ("-x", here): "-x",
    }.items():
        message = one_line_error(crawl(folder, *arguments, out=False))
        check(re.search(words, message), f"{arguments}: the message does not say \"{words}\": {message}")


@case
def https_urls_are_counted_apart_and_nothing_fetched_is_no_success(folder):
    def answer(request):
        if request.path == "/away":
            request.answer("301 Moved Permanently", headers=["Location: https://127.0.0.1/"])
        else:
            request.answer(body="<a href=https://127.0.0.1/a><a href=https://127.0.0.1/b>")

    with WebServer(answer) as server:
        run = crawl(folder, "--no-robots", "--scope", "any", server.url("/"))
        run.check_status(0)
        check("2 https URLs not fetched: TLS is not spoken yet." in run.stdout, run.text())
        check("robots" not in run.stdout, run.text())
        run = crawl(folder, "--no-robots", server.url("/away"))
        run.check_status(1)
        check("1 https URL not fetched" in run.stdout and "Nothing of what was asked for" in run.stdout, run.text())


@case
def one_wrong_seed_among_good_ones_fetches_nothing(folder):
    with WebServer(pages(index="")) as server:
        one_line_error(crawl(folder, server.url("/"), "gopher://green.test/", out=False))
        check(not server.requests, server.requests)


@case
def help_names_every_option(folder):
    run = crawl(folder, "--help", out=False)
    run.check_status(0)
    check(run.stderr == "" and "https" not in run.stdout, run.text())
    for option in ("--jobs --per-host --depth --max-pages --timeout --scope --no-robots --user-agent --dns --out "
                   "URL").split():
        check(option in run.stdout, f"{option} is not explained\n{run.text()}")


# --- the file ---

@case
def a_full_disk_is_a_clear_error(folder):
    """Both when the little there is shows at the close, and when there is more than any buffer holds."""
    for count in 1, 300:
        links = " ".join(f"/{n}-{'long' * 20}" for n in range(count))
        with WebServer(pages(index=links)) as server:
            message = one_line_error(crawl(folder, "--out", "/dev/full", server.url("/"), out=False))
        check("/dev/full" in message and "No space left" in message, message)


@case
def a_summary_that_cannot_be_written_is_a_clear_error(folder):
    with WebServer(pages(index="")) as server:
        for arguments in (server.url("/"),), ("--help",):
            run = crawl(folder, *arguments, out=False, prefix=("sh", "-c", 'exec "$@" >/dev/full', "sh"))
            message = one_line_error(run)
            check("standard output" in message and "No space left" in message, message)


@case
def a_closed_standard_output_is_a_clear_error_that_keeps_what_was_found(folder):
    """Its number must not go to the next file that is opened: that of the signals, or --out."""
    with WebServer(pages(index="/a", a="")) as server:
        for out in False, None:
            run = crawl(folder, server.url("/"), out=out, prefix=("sh", "-c", 'exec "$@" >&-', "sh"))
            message = one_line_error(run)
            check("standard output" in message and "Bad file descriptor" in message, message)
    check(paths(run) == ["/", "/a"], run.records)


@case
def a_folder_without_the_right_to_write_is_a_clear_error(folder):
    if os.getuid() == 0:
        return  # root may
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    message = one_line_error(crawl(folder, "--out", locked / "out", "http://127.0.0.1:9/", out=False))
    check("Permission denied" in message, message)


@case
def a_fifo_that_nobody_reads_yet_is_waited_for_aloud(folder):
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    with WebServer(pages(index="/a", a="")) as server:
        with Crawling(folder, "--out", fifo, server.url("/"), out=False) as under_way:
            while str(fifo) not in (said := under_way.files[1].read_text()) and under_way.seconds() < 10 * SLOWNESS:
                time.sleep(0.01)
            check(re.fullmatch(f"{crawler.program_name}: waiting for .*{fifo}\n", said), f"it does not say why it waits: {said!r}")
            check(not server.requests, "it has begun without a reader")
            lines = fifo.read_text().splitlines()
            run = under_way.finish()
        run.check_status(0)
        check(len(lines) == 2, lines)


# --- Ctrl-C ---

@case
def ctrl_c_keeps_what_was_found(folder):
    per_host = 8
    hanging = threading.Semaphore(0)

    def answer(request):
        number = request.path.strip("/")
        if number in ("", "1", "2"):
            request.answer(body=" ".join(f"<a href=/{n}>" for n in ("gone", *range(1, 100))))
        elif number in ("robots.txt", "gone"):
            request.answer("404 Not Found")
        else:
            hanging.release()
            request.wait_for_end()

    with (WebServer(answer) as server,
          Crawling(folder, "--per-host", per_host, server.url("/"), limit_seconds=30) as under_way):
        for _ in range(per_host):  # when all hang, what was answered has been dealt with
            check(hanging.acquire(timeout=20 * SLOWNESS), "the crawl does not get on")
        at = time.monotonic()
        under_way.interrupt()
        run = under_way.finish()
        seconds = time.monotonic() - at
    check(seconds < stops_within(), f"it took {seconds:.1f} s to stop\n{run.text()}")
    run.check_status(130)  # although a broken link was found: there may be more
    check("Stopped before the end" in run.stdout and "pages" in run.stdout, run.text())
    check({"/", "/1", "/2", "/gone"} <= set(paths(run)), f"not all that was found is in the file: {paths(run)}")
    check(len(run.records) <= 4 + 64, f"{len(run.records)} lines")
    print(f"  stopped within {seconds * 1000:.0f} ms, {len(run.records)} lines kept")


@case
def ctrl_c_while_a_name_is_looked_up_or_a_connection_made(folder):
    with WebServer(pages()) as server:
        url = server.url("/")  # a port that refuses, so that the crawl sits in its back-off
    for address, number in (url, signal.SIGINT), ("http://192.0.2.1/", signal.SIGTERM):
        with Crawling(folder, address, limit_seconds=30) as under_way:
            time.sleep(1)  # the back-off lasts 1.75 s at least
            at = time.monotonic()
            under_way.interrupt(number)
            run = under_way.finish()
        check(time.monotonic() - at < stops_within(), f"it took {time.monotonic() - at:.1f} s to stop\n{run.text()}")
        run.check_status(128 + number)
        check("0 pages" in run.stdout, run.text())


# --- the terminal ---

def read_terminal(master):
    """All that was shown, once nobody has the other side open any more."""
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            return shown.decode(errors="replace")
        if not piece:
            return shown.decode(errors="replace")
        shown += piece


@case
def a_terminal_shows_progress_and_a_pipe_nothing(folder):
    def answer(request):
        time.sleep(0.05)
        number = int(request.path.strip("/") or 0) if request.path != "/robots.txt" else 0
        request.answer(body=f"<a href=/{number + 1}><a href=/{number + 2}>" if number < 30 else "")

    with WebServer(answer) as server:
        run = crawl(folder, "--no-robots", server.url("/"))
        check(run.stderr == "", f"it writes into a pipe\n{run.text()}")
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
        with Crawling(folder, "--no-robots", server.url("/"), terminal=slave) as under_way:
            os.close(slave)
            shown = read_terminal(master)
            run = under_way.finish()
        os.close(master)
    run.check_status(0)
    lines = [line for line in re.split(r"[\r\n]|\x1b\[[0-9;]*[A-Za-z]", shown) if line.strip()]
    check(len(lines) >= 3, f"hardly any progress shown: {shown!r}")
    check(all(len(line) <= 70 for line in lines), f"longer than the terminal is wide: {lines}")
    check(re.search(r"\d+ pages?", lines[-1]) and "  http://" in lines[-1], f"no counts, no page: {lines[-1]!r}")
    check(re.search(r"\r *(\r|\x1b\[K)?$|\x1b\[2?K$", shown), f"the line is not cleared at the end: {shown[-200:]!r}")
    print(f"  {len(lines)} times drawn, the last: {lines[-1].strip()}")


# --- options ---

@case
def robots_txt_is_obeyed_unless_no_robots(folder):
    site = pages(index="/open /secret/a", open="/secret/b", **{"secret/a": "", "secret/b": ""})

    def answer(request):
        if request.path == "/robots.txt":
            request.answer(body="User-agent: other\nDisallow: /\n\nUser-agent: green-crawler\nDisallow: /secret\n",
                           type="text/plain")
        else:
            site(request)

    with WebServer(answer) as server:
        run = crawl(folder, server.url("/"))
        run.check_status(0)
        asked = [r.path for r in server.requests]
        check(sorted(asked) == ["/", "/open", "/robots.txt"] and asked[0] == "/robots.txt", asked)
        check("robots" in run.record(server.url("/secret/a"))["error"], run.records)
        check("2 pages skipped because robots.txt" in run.stdout, run.text())

        server.requests.clear()
        run = crawl(folder, "--user-agent", "other/2", server.url("/"))
        check([r.path for r in server.requests] == ["/robots.txt"], [r.path for r in server.requests])
        run.check_status(1)  # not let fetch a single page

        server.requests.clear()
        run = crawl(folder, "--no-robots", server.url("/"))
        run.check_status(0)
        asked = sorted(r.path for r in server.requests)
        check(asked == ["/", "/open", "/secret/a", "/secret/b"], asked)


@case
def max_pages_and_depth_are_limits(folder):
    numbered = {str(n): f"/{n + 1} /x{n}" for n in range(1, 50)} | {f"x{n}": "" for n in range(1, 50)}
    with WebServer(pages(index="/1", **numbered)) as server:
        run = crawl(folder, "--max-pages", 7, server.url("/"))
        run.check_status(0)
        check(len(run.records) == 7 and len([r for r in server.requests if r.path != "/robots.txt"]) == 7, run.records)
        run = crawl(folder, "--depth", 0, server.url("/"))
        check(paths(run) == ["/"], paths(run))
        run = crawl(folder, "--depth", 2, server.url("/"))
        check(paths(run) == ["/", "/1", "/2", "/x1"], paths(run))
        check(run.record(server.url("/2"))["depth"] == 2, run.records)


@case
def per_host_and_jobs_bound_the_connections(folder):
    links = " ".join(f"/{n}" for n in range(1, 60))
    site = pages(index=links, **{str(n): "" for n in range(1, 60)})

    def answer(request):
        if request.path not in ("/", "/robots.txt"):
            if server.most_requests < most:  # however slowly they come, as many as may come together
                too_late = time.monotonic() + 2 * SLOWNESS
                while server.most_requests < most and time.monotonic() < too_late:
                    time.sleep(0.01)
            time.sleep(0.05)
        site(request)

    for options, most in ((), 8), (("--per-host", 3), 3), (("--per-host", 40, "--jobs", 5), 5), (("--jobs", 1), 1):
        with WebServer(answer) as server:
            run = crawl(folder, *options, server.url("/"))
            run.check_status(0)
            check(len(run.records) == 60, len(run.records))
            check(server.most_requests == most, f"{options}: {server.most_requests} requests at a time")


@case
def scope_tells_which_hosts_belong(folder):
    def answer(request):
        if request.path == "/" and request.host == "www.green.test":
            links = [f"http://{host}:{server.port}/p" for host in
                     ("www.green.test", "green.test", "deep.sub.green.test", "notgreen.test", "other.test")]
            return request.answer(body="".join(f"<a href={link}>" for link in links))
        request.answer("404 Not Found" if request.path == "/robots.txt" else "200 OK")

    need("dnsmasq")
    near = {"www.green.test", "green.test", "deep.sub.green.test"}
    with name_server(folder, "--address=/test/127.0.0.1") as dns, WebServer(answer) as server:
        for scope, hosts in ("host", {"www.green.test"}), ("domain", near), ("any", near | {"notgreen.test", "other.test"}):
            server.requests.clear()
            run = crawl(folder, "--dns", f"127.0.0.1:{dns}", "--scope", scope, server.url("/", "www.green.test"))
            run.check_status(0)
            asked = {r.host for r in server.requests}
            check(asked == hosts, f"--scope {scope} asked {asked}")


@case
def user_agent_reaches_the_server(folder):
    with WebServer(pages(index="/a", a="")) as server:
        crawl(folder, server.url("/")).check_status(0)
        check({r.headers["user-agent"] for r in server.requests} == {"green-crawler/0.1"}, server.requests[0].headers)
        server.requests.clear()
        crawl(folder, "--user-agent", "Mine/2.0 (+http://x/)", server.url("/")).check_status(0)
        check({r.headers["user-agent"] for r in server.requests} == {"Mine/2.0 (+http://x/)"}, server.requests[0].headers)


@case
def timeout_ends_a_page_that_never_comes(folder):
    def answer(request):
        request.wait_for_end()

    with WebServer(answer) as server:
        run = crawl(folder, "--no-robots", "--timeout", "0.5", server.url("/"))
    run.check_status(1)
    check("timed out" in run.record(server.url("/"))["error"], run.records)
    check(0.4 < run.seconds < 5 * SLOWNESS, f"{run.seconds:.1f} s")


# --- few descriptors ---

@case
def a_low_soft_limit_of_descriptors_does_not_matter(folder):
    names = [str(n) for n in range(1, 100)]
    with WebServer(pages(index=" ".join(f"/{name}" for name in names), **dict.fromkeys(names, ""))) as server:
        run = crawl(folder, "--jobs", 64, "--per-host", 64, server.url("/"), prefix=("prlimit", "--nofile=8:"))
        run.check_status(0)
        check(len(run.records) == 100, run.text())


@case
def too_few_descriptors_end_in_lines_and_not_in_a_crash(folder):
    if SANITIZED:
        print("  not with a sanitizer: UBSan needs descriptors of its own, and takes objects for invalid when there are none")
        return
    names = [str(n) for n in range(1, 200)]
    site = pages(index=" ".join(f"/{name}" for name in names), **dict.fromkeys(names, ""))

    def answer(request):
        time.sleep(0.02)
        site(request)

    for limit in 32, 16, 8:
        with WebServer(answer) as server:
            cpu = os.times().children_user
            run = crawl(folder, "--jobs", 64, "--per-host", 64, server.url("/"), limit_seconds=40,
                        prefix=("prlimit", f"--nofile={limit}"))
            cpu = os.times().children_user - cpu
        errors = [r["error"] for r in run.records if r["error"]]
        print(f"  {limit} descriptors: status {run.status}, {len(run.records)} lines, {len(errors)} errors, "
              f"{run.seconds:.1f} s, {cpu:.1f} s of CPU; {sorted(set(errors))} {run.stderr.strip()}")
        check(run.status in (0, 1, 2), run.text())
        check(cpu < 5 * SLOWNESS, f"{cpu:.1f} s of CPU: it spins")
        if run.status == 2:
            check("open files" in one_line_error(run), run.text())
        else:
            check(len(run.records) == 200 or run.record(server.url("/"))["error"], f"{len(run.records)} lines")
            check(all("open files" in error for error in errors), errors)
            check(run.status == (1 if errors else 0), run.text())


@case
def the_first_descriptor_too_few_is_named(folder):
    if SANITIZED:
        return
    with WebServer(pages(index="")) as server:
        for limit in range(24, 5, -1):
            run = crawl(folder, "--no-robots", server.url("/"), prefix=("prlimit", f"--nofile={limit}"))
            if run.status != 0:
                break
    print(f"  {limit} descriptors")
    check(run.status in (1, 2), run.text())
    check("open files" in (run.stderr if run.status == 2 else run.record(server.url("/"))["error"]), run.text())


@case
def threads_that_cannot_be_had_are_named(folder):
    if SANITIZED or crawler.program_name != "crawl-threads":
        return
    with WebServer(pages(index="/a", a="/b", b="")) as server:
        room = "prlimit", f"--stack={1 << 30}", f"--as={8 << 30}"  # of which every thread takes a stack
        message = one_line_error(crawl(folder, "--jobs", 1000, server.url("/"), prefix=room))
    check(re.search(r"cannot start thread \d of 1000, ask for fewer --jobs", message), message)


# What is not promised by the crawlers with libcurl: it needs descriptors of its own, and has words of its own.
ON_GREEN_ONLY = [too_few_descriptors_end_in_lines_and_not_in_a_crash]


def main():
    chosen = [c for c in CASES if not sys.argv[1:] or c.__name__ in sys.argv[1:]]
    check(chosen, f"no such case; there are: {' '.join(c.__name__ for c in CASES)}")
    for name in NAMES:
        choose(name)
        for each in chosen:
            if name in ("crawl-threads", "crawl-patched") and each in ON_GREEN_ONLY:
                continue
            began = time.monotonic()
            print(f"{name}: {each.__name__.replace('_', ' ')}", flush=True)
            with scratch_folder() as folder:
                each(folder)
            print(f"  {time.monotonic() - began:.1f} s", flush=True)


main()

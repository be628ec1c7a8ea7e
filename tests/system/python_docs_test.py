#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Crawls the Python documentation, served by nginx under names that dnsmasq answers, and compares what crawl-fiber
finds with what wget finds: the pages, and the broken links.

Twice: as Debian ships it, which has hardly a broken link, and with parts of it missing, failing or moved.

nginx's log says who asked for what, so that both are judged by the requests that arrived and not by their own word
alone. wget has no way to ask another name server; it takes nginx for its proxy, which needs no name."""
import json
import os
import pathlib
import subprocess
import sys
import time

from crawler import SLOWNESS, check, crawl
from processes import SYSTEM_PATH, TETHER, need, scratch_folder
from servers import name_server, web_server

DOCUMENTS = pathlib.Path("/usr/share/doc/python3-doc/html")

LOG_FORMAT = """log_format requests escape=json '{"agent":"$http_user_agent","method":"$request_method",'
    '"url":"http://$http_host$request_uri","status":$status,"type":"$sent_http_content_type","from":"$http_referer"}';"""

# Answers that are no page, each for many links: gone, forbidden, never there, out of order, moved (to a page, to
# nothing).
DAMAGE = """
    location /library/x { return 404; }
    location /library/u { return 410; }
    location /c-api/m { return 403; }
    location /howto/ { return 500; }
    location /moved-faq/ { alias %(documents)s/faq/; }
    location /faq/ { rewrite ^/faq/(.*)$ /moved-faq/$1 redirect; }
    location /tutorial/i { return 301 /nowhere$request_uri; }
    location /distributing/ { return 301 /installing/index.html; }
"""


def http_block(port):
    site = """server { listen 127.0.0.1:%(port)d; server_name %(name)s; root %(documents)s; index index.html;
        location = / { try_files /index.html =404; } %(damage)s }"""
    values = {"port": port, "documents": DOCUMENTS.resolve()}
    return (f"{LOG_FORMAT} access_log access.log requests; log_not_found off; disable_symlinks off;\n"
            "include /etc/nginx/mime.types; default_type text/plain;\n"
            + site % {**values, "name": "docs.green.test", "damage": ""}
            + site % {**values, "name": "damaged.green.test", "damage": DAMAGE % values})


def requests(folder):
    """Takes what nginx has logged since the last call, without robots.txt, which is a question and no page."""
    log = folder / "access.log"
    found = [json.loads(line) for line in log.read_text().splitlines()]
    os.truncate(log, 0)
    return [r for r in found if not r["url"].endswith("/robots.txt")]


def run_wget(folder, port, start):
    """Returns (requests, broken links, seconds)."""
    [program] = need("wget")
    log = folder / "wget.log"
    command = [program, "--no-config", "--recursive", "--level=inf", "--no-parent", "--spider", "--tries=1",
               "--no-verbose", "--no-hsts", f"--output-file={log}", f"--directory-prefix={folder / 'wget'}",
               "-e", "use_proxy=yes", "-e", f"http_proxy=http://127.0.0.1:{port}/", start]
    began = time.monotonic()
    subprocess.run(TETHER + command, env={"LC_ALL": "C", "PATH": SYSTEM_PATH, "HOME": str(folder)}, timeout=300)
    seconds = time.monotonic() - began
    said = log.read_text().splitlines()
    verdict = [number for number, line in enumerate(said) if line.startswith("Found ")]
    check(verdict, "wget has no verdict:\n" + "\n".join(said[-20:]))
    broken = {line for line in said[verdict[-1] + 1:] if line.startswith("http://")}
    return requests(folder), broken, seconds


def run_crawler(folder, dns_port, start):
    """Returns (requests, run)."""
    run = crawl(folder, "--dns", f"127.0.0.1:{dns_port}", start, limit_seconds=200)
    return requests(folder), run


def is_broken(record):
    return record["status"] >= 400 or record["error"] != ""


def check_own_word(asked, run):
    """What the crawler writes is what the server saw: each URL once, with the status that it was answered with."""
    urls = [r["url"] for r in run.records]
    twice = {url for url in urls if urls.count(url) > 1} if len(set(urls)) < len(urls) else set()
    check(not twice, f"several lines for {sorted(twice)}")
    answered = {}
    for request in asked:
        check(request["url"] not in answered, f"fetched twice: {request['url']}")
        answered[request["url"]] = request["status"]
    check(answered == {r["url"]: r["status"] for r in run.records}, "the --out file does not say what nginx says: "
          + str(sorted(answered.items() ^ {r["url"]: r["status"] for r in run.records}.items())[:10]))
    check(not [r for r in run.records if r["type"] == "text/html" and r["status"] == 200 and r["bytes"] == 0],
          "an empty page")


def first_ones(urls):
    return "".join(f"\n    {url}" for url in sorted(urls)[:20]) + (f"\n    ... {len(urls)} in all" if len(urls) > 20 else "")


def compare(what, ours, wgets):
    check(ours == wgets, f"{what} that only crawl-fiber finds: {first_ones(ours - wgets)}\n"
                         f"{what} that only wget finds: {first_ones(wgets - ours)}")


def compare_crawls(folder, dns_port, web_port, name):
    start = f"http://{name}:{web_port}/"
    asked, run = run_crawler(folder, dns_port, start)
    wget_asked, wget_broken, wget_seconds = run_wget(folder, web_port, start)
    check(all(r["agent"].startswith("green-crawler") for r in asked), "the crawler does not say who it is")
    check_own_word(asked, run)

    # What wget does on principle and crawl-fiber does not, told from the request itself:
    # - it reads style sheets, and fetches what they import. A request that a style sheet led to is left out, unless
    #   a page leads there as well.
    styles = {r["url"] for r in wget_asked if r["type"].startswith("text/css")}
    ours = {r["url"] for r in run.records}
    wget_asked = [r for r in wget_asked if r["from"] not in styles or r["url"] in ours]
    wget_broken &= {r["url"] for r in wget_asked} | ours
    # What crawl-fiber does and wget does not: for wget a link is broken when the server says that there is nothing (404,
    # 410), for crawl-fiber when there is no page, whatever the reason. What else wget was refused counts as well.
    wget_broken |= {r["url"] for r in wget_asked if r["status"] >= 400}
    # - it asks for the head first, then for the page: two requests, one URL. Sets do not mind.
    pages = {r["url"] for r in run.records if r["status"] == 200}
    wget_pages = {r["url"] for r in wget_asked if r["status"] == 200}
    broken = {r["url"] for r in run.records if is_broken(r)}
    redirects = {r["url"] for r in run.records if 300 <= r["status"] < 400}
    wget_redirects = {r["url"] for r in wget_asked if 300 <= r["status"] < 400}

    print(f"{name}: crawl-fiber {len(pages)} pages, {len(broken)} broken links, {len(redirects)} redirects, {run.seconds:.1f} s "
          f"({run.cpu_seconds:.1f} s of CPU), {run.peak_bytes / 1e6:.0f} MB; wget {len(wget_pages)} pages, {len(wget_broken)} "
          f"broken links, {len(wget_redirects)} redirects, {wget_seconds:.1f} s")
    compare("pages", pages, wget_pages)
    compare("redirects", redirects, wget_redirects)
    compare("broken links", broken, wget_broken)
    check(len(pages) > 400, "that is not the Python documentation")
    run.check_status(1 if broken else 0)
    for url in broken:
        check(url in run.stdout or len(broken) > 100, f"the summary does not name {url}\n{run.text()}")
    check(run.cpu_seconds < 20 * SLOWNESS, f"it computed for {run.cpu_seconds:.0f} seconds")
    return broken


def main():
    need("wget", "nginx", "dnsmasq")
    if not DOCUMENTS.is_dir():
        print("there is no Python documentation here (package python3-doc)")
        sys.exit(77)
    with scratch_folder() as folder, \
            name_server(folder, "--address=/green.test/127.0.0.1") as dns_port, \
            web_server(folder, http_block) as web_port:
        compare_crawls(folder, dns_port, web_port, "docs.green.test")
        broken = compare_crawls(folder, dns_port, web_port, "damaged.green.test")
        check(len(broken) > 20, "nothing is damaged")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The crawlers on fibers, on tasks, on threads and under the patch find the same on the demo's website: the same URLs,
and byte for byte the same about each, but for what depends on who came first (depth and from) and on the clock."""
import json
import subprocess
import sys

from crawler import BUILD, NAMES, check, choose, crawl
from processes import TETHER, scratch_folder

LEAST_URLS = 5 * 150  # as many pages as there are, and what is linked from them


def canonical(record):
    return json.dumps({name: record[name] for name in ("url", "status", "type", "bytes", "error")})


def crawl_demo_site(name, folder):
    """Each crawler has the site for itself: a page there is overloaded the first time."""
    choose(name)
    command = TETHER + [BUILD / "samples/demo_site/demo-site", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as site:
        front_page, name_server = site.stdout.readline().split()
        run = crawl(folder, "--scope", "domain", "--per-host", 16, "--dns", name_server, front_page)
        site.stdin.close()
    check(site.returncode == 0, f"the site ended with {site.returncode}")
    run.check_status(1)  # it has broken links
    port = front_page.split(":")[2].strip("/")
    print(f"{name}: {len(run.records)} URLs in {run.seconds:.1f} s, {run.peak_bytes / 1e6:.1f} MB at most")
    return sorted(canonical(record).replace(f":{port}/", "/") for record in run.records)


def main():
    found = {}
    for name in NAMES:
        with scratch_folder() as folder:
            found[name] = crawl_demo_site(name, folder)
    first = found[NAMES[0]]
    check(len(first) >= LEAST_URLS, f"only {len(first)} URLs")
    check(len(set(first)) == len(first), "a URL twice")
    for name in NAMES[1:]:
        different = set(first) ^ set(found[name])
        check(found[name] == first, f"{name} differs from {NAMES[0]}:\n" + "\n".join(sorted(different)[:20]))


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Blocking C libraries on one thread, against real servers: many requests at once take at most 1.5 times the time of
one, and all succeed; 200 downloads take hardly more processor time than by curl's own multi interface. Each library's
part is left out where the library or its server is not installed."""
import os
import ssl
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["GREEN_SOURCE"], "tests/system"))
from processes import scratch_folder  # noqa: E402
from servers import certificate, free_port, postgres, redis, web_server  # noqa: E402

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

CLIENTS = os.path.join(os.environ["GREEN_BUILD"], "tests/library-clients")
failed = []


def run(*words):
    return subprocess.run([CLIENTS, *map(str, words)], capture_output=True, text=True, timeout=120)


def check(kind, where, count):
    """A machine too busy for it is not the patch's fault: then a native thread for each takes longer too."""
    for _ in range(3):
        fibers = seconds(kind, where, count)
        if fibers is None or fibers[1] <= 1.5 * fibers[0]:
            return
        threads = seconds(f"native-{kind}", where, count)
        if threads[1] >= fibers[1]:
            return
    failed.append(f"{kind}: {fibers[1] / fibers[0]:.2f} times as long as one")


def seconds(kind, where, count):
    """Of one and of all at once; None when it is not built, or not all succeed."""
    done = run(kind, where, count)
    if done.returncode == 77:
        print(f"{kind}: not built here")
        return None
    assert done.returncode == 0, (kind, done)
    one, all_at_once, good, _ = (float(word) for word in done.stdout.split())
    print(f"{kind}: one {one:.3f} s, {count} at once {all_at_once:.3f} s, {good:.0f} good")
    if good != count:
        failed.append(f"{kind}: {done.stderr}")
        return None
    return one, all_at_once


AIM, LIMIT = 1.15, 1.4


def check_processor_time(url, count):
    """Medians of runs in turns: curl's multi interface does the same without green. The least of each will not do:
    now and then one run of either gets by with a fifth less, whoever is lucky. The aim is 1.15 times, and 0.95 to 1.11 is
    what a quiet machine shows; a busy one takes more from whoever has more stacks to keep in its caches."""
    took = {"curl": [], "curl-multi": []}
    for turn in range(31):
        for kind, seconds_of_kind in took.items():
            done = run(kind, url, count)
            assert done.returncode == 0, (kind, done)
            seconds_of_kind.append(float(done.stdout.split()[3]))
        curl, multi = (statistics.median(each) for each in took.values())
        if turn >= 6 and curl <= AIM * multi:
            break
    print(f"processor seconds of {count} downloads on fibers {curl:.4f}, by curl's multi interface {multi:.4f}: "
          f"{curl / multi:.2f} times as much")
    if curl > LIMIT * multi:
        failed.append(f"curl: {curl / multi:.2f} times the processor time of its multi interface")


def downloads(folder):
    certificate(folder)
    (folder / "page").write_bytes(b"x" * 100_000)
    second = free_port()

    def http(port):
        return (f"access_log off; server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{second} ssl; root {folder}; "
                f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; "
                "limit_rate 100k; "
                f"location /slower {{ alias {folder}/page; limit_rate 50k; }} "
                f"location /slow {{ alias {folder}/page; limit_rate 10k; }} }}")

    with web_server(folder, http) as port:
        check("curl", f"http://localhost:{port}/page", 200)
        check("curl", f"https://localhost:{second}/slower", 200)  # 200 handshakes keep the processors busy for a while
        check_processor_time(f"http://localhost:{port}/page", 200)
        done = run("curl-timeout", f"http://127.0.0.1:{port}/slow", 1)
        word, took = done.stdout.rsplit(maxsplit=1)
        print("curl within a timeout of 0.3 s:", done.stdout.strip(), done.stderr.strip())
        if word != "timed out" or not 0.29 < float(took) < 1.5:
            failed.append(f"curl within a timeout: {done.stdout} {done.stderr}")


def tls_echo(folder):
    """A server that lets every session wait for 0.3 s."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)

    def serve(connection):
        with connection, context.wrap_socket(connection, server_side=True) as session:
            data = session.recv(100)
            time.sleep(0.3)
            session.sendall(data)

    def accept_all():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    threading.Thread(target=accept_all, daemon=True).start()
    check("tls", listener.getsockname()[1], 50)
    listener.close()


with scratch_folder() as folder:
    downloads(folder)
    tls_echo(folder)
    with redis(folder) as port:
        if port:
            check("redis", port, 200)
    with postgres(folder) as port:
        if port:
            check("postgres", f"host=127.0.0.1 port={port} user=green dbname=postgres sslmode=disable", 100)
print("\n".join(failed))
sys.exit(1 if failed else 0)

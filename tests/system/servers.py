# SPDX-License-Identifier: BSL-1.0
"""The servers of others that programs are tried with, each on a port of its own on loopback."""
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import time

from processes import need, running


def free_port(address="127.0.0.1"):
    """A port that nobody uses for either protocol right now. Somebody may come first: see up()."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            with contextlib.suppress(OSError):
                udp.bind((address, tcp.getsockname()[1]))
                return tcp.getsockname()[1]


@contextlib.contextmanager
def up(command_for_port, answers, log):
    """Runs the server that command_for_port(port) describes until it answers, with another port if need be."""
    for _ in range(5):
        port = free_port()
        with running(command_for_port(port), log) as process:
            give_up = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < give_up:
                if answers(port):
                    yield port
                    return
                time.sleep(0.02)
    raise SystemExit(f"{command_for_port(0)[0]} does not start:\n" + pathlib.Path(log).read_text(errors="replace"))


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def dns_answers(port):
    """Whether a name server answers at all: what it says to a question for "." does not matter."""
    question = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        with contextlib.suppress(OSError):
            client.connect(("127.0.0.1", port))
            client.send(question)
            return client.recv(512)[:2] == question[:2]
    return False


@contextlib.contextmanager
def name_server(folder, *options):
    """dnsmasq with nothing but these options, such as "--address=/green.test/127.0.0.1"; yields its port."""
    [program] = need("dnsmasq")
    fixed = ["--no-daemon", "--conf-file=/dev/null", "--pid-file", "--listen-address=127.0.0.1", "--bind-interfaces",
             "--no-resolv", "--no-hosts", "--no-poll", f"--user={pwd.getpwuid(os.getuid()).pw_name}", "--group="]
    with up(lambda port: [program, f"--port={port}", *fixed, *options], dns_answers, folder / "dnsmasq.log") as port:
        yield port


@contextlib.contextmanager
def web_server(folder, http_block):
    """nginx with `http_block` (a function of the port) as its http { } section; yields its port.

    One process that stays whoever we are: no root, no other user, nothing outside `folder`."""
    [program] = need("nginx")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

    def command(port):
        file = folder / "nginx.conf"
        file.write_text(f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;\n"
                        f"events {{ worker_connections 512; }}\nhttp {{\n{places}{http_block(port)}\n}}\n")
        return [program, "-p", folder, "-e", "stderr", "-c", file]

    with up(command, accepts, folder / "nginx.log") as port:
        yield port


@contextlib.contextmanager
def silent_name_server():
    """A UDP port where questions are received by nobody, and no ICMP error says so; yields its port."""
    with socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        yield receiver.getsockname()[1]


def certificate(folder):
    """cert.pem and key.pem, for localhost."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


@contextlib.contextmanager
def redis(folder):
    """Yields its port; None where there is none."""
    if not shutil.which("redis-server"):
        print("there is no redis-server here")
        yield None
        return
    with up(lambda port: ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder], accepts,
            folder / "redis.log") as port:
        yield port


@contextlib.contextmanager
def postgres(folder):
    """An empty PostgreSQL, whose user "green" needs no password. Yields its port; None where there is none."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        print("there is no PostgreSQL here")
        yield None
        return
    programs = found[-1].parent
    data = folder / "pg"
    data.mkdir()
    as_user = []
    if os.getuid() == 0:  # which it refuses
        user = pwd.getpwnam("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    subprocess.run([*as_user, programs / "initdb", "-A", "trust", "-U", "green", "-D", data, "--no-sync"], check=True,
                   capture_output=True, cwd="/")

    def ready(port):  # it answers connections before it takes questions
        return subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0

    with up(lambda port: [*as_user, programs / "postgres", "-D", data, "-p", port, "-k", "", "-c",
                          "listen_addresses=127.0.0.1", "-c", "max_connections=150", "-c", "fsync=off"], ready,
            folder / "postgres.log") as port:
        yield port

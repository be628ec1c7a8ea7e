# SPDX-License-Identifier: BSL-1.0
"""Programs that a test starts, and its folder: neither outlives the test, whatever becomes of it."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

# Ended from outside, as by timeout(1): leave through all the context managers.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))

# The kernel ends what we start even when we are killed. setpriv stays the same process, so its pid is the program's.
TETHER = ["setpriv", "--pdeathsig", "KILL", "--"]

# Programs of the system's own, whatever else PATH holds; nginx and dnsmasq live where only root looks by default.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def need(*programs):
    """Returns where the programs are; ends the test as one that does not apply when one is missing."""
    found = [shutil.which(name, path=SYSTEM_PATH) for name in programs]
    for name, place in zip(programs, found):
        if not place:
            print(f"there is no {name} here")
            sys.exit(77)
    return found


@contextlib.contextmanager
def scratch_folder():
    with tempfile.TemporaryDirectory(prefix="green-test-") as name:
        yield pathlib.Path(name)


@contextlib.contextmanager
def running(arguments, log, **options):
    """Runs a server while the block runs; what it prints goes to the file `log`."""
    with open(log, "wb") as output:
        process = subprocess.Popen(TETHER + [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, **options)
    try:
        yield process
    finally:
        end(process)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def descriptors(pid):
    """What the process has open: number -> target. Empty when it has ended."""
    found = {}
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError, PermissionError):
                found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
    return found

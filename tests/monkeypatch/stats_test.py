#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""greenrun --stats: what parked is counted exactly, what blocks the hub is found by sampling, and the program notices
nothing of it."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

GREENRUN = Path(os.environ["GREEN_BUILD"]) / "monkeypatch/greenrun"
LIBRARY = GREENRUN.parent / "libgreen-monkeypatch.so"
BLOCKED_SECONDS = 0.3
SEEN_SECONDS = 0.15  # at least, of BLOCKED_SECONDS; there is no upper bound, for the machine may be busy

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec blocked = {0, 300000000}, shortly = {0, 10000000};

/* Waits, in ways that nobody counts, until a thread has been seen asleep so many times, 10 ms apart. */
static void see_asleep(int thread, int times) {
    char path[64], line[256];
    sprintf(path, "/proc/%d/stat", thread);
    while (times > 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        long size = syscall(SYS_read, fd, line, sizeof line - 1);
        if (fd < 0 || size <= 0) abort();
        close(fd);
        line[size] = 0;
        times -= strstr(line, ") S ") != NULL;
        syscall(SYS_nanosleep, &shortly, NULL);
    }
}

static atomic_int stage;

static void* give(void* fd) {  /* a byte for each read that has to wait */
    for (int i = 1; i <= 5; ++i) {
        while (stage < i) syscall(SYS_nanosleep, &shortly, NULL);
        see_asleep(getpid(), 1);
        if (write((int)(long)fd, "x", 1) != 1) abort();
    }
    poll(NULL, 0, 1);  /* what a native thread waits for is not counted */
    return NULL;
}

#define SEE_PARENT_ASLEEP "until grep -q '^State:.S' /proc/$PPID/status; do :; done; "

static void park(void) {
    int ends[2];
    pthread_t giver;
    char byte;
    for (int i = 0; i < 3; ++i) nanosleep(&shortly, NULL);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;  /* in two steps or three, and one call */
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
    if (poll(NULL, 0, 1) || poll(NULL, 0, 0)) abort();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) abort();
    if (pthread_create(&giver, NULL, give, (void*)(long)ends[1])) abort();
    for (int i = 0; i < 2; ++i) if (++stage, read(ends[0], &byte, 1) != 1) abort();
    for (int i = 0; i < 2; ++i) if (++stage, recv(ends[0], &byte, 1, 0) != 1) abort();
    if (++stage, recvfrom(ends[0], &byte, 1, 0, NULL, NULL) != 1) abort();
    if (write(ends[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1) abort();  /* need not wait */
    pthread_join(giver, NULL);
    if (system(SEE_PARENT_ASLEEP)) abort();
    FILE* stream = popen(SEE_PARENT_ASLEEP "exit 3", "r");
    if (pclose(stream) != 0x300) abort();
    if (fork() == 0) {
        see_asleep(getppid(), 1);
        _exit(0);
    }
    int status;
    if (wait(&status) < 0 || status) abort();
}

/* Another process has a lock of the file until this one has slept for a while. */
static int hold(const char* path, int by_flock) {
    int told[2];
    char byte;
    struct flock whole = {.l_type = F_WRLCK};
    if (pipe(told)) abort();
    if (fork() == 0) {
        int fd = open(path, O_RDWR);
        if (by_flock ? flock(fd, LOCK_EX) : fcntl(fd, F_SETLK, &whole)) abort();
        if (write(told[1], "x", 1) != 1) abort();
        see_asleep(getppid(), 30);
        syscall(SYS_exit_group, 0);
    }
    if (read(told[0], &byte, 1) != 1) abort();
    return open(path, O_RDWR);
}

static void* hold_mutex(void* mutex) {
    pthread_mutex_lock(mutex);
    stage = 1;
    see_asleep(getpid(), 30);
    pthread_mutex_unlock(mutex);
    return NULL;
}

static void* end_later(void* word) {
    nanosleep(&blocked, NULL);
    puts(word);
    return NULL;
}

static void on_alarm(int number) { _exit(number); }

int main(int count, char** words) {
    const char* what = words[1];
    if (strcmp(what, "park") == 0) {
        park();
    } else if (strcmp(what, "sleep") == 0) {
        nanosleep(&blocked, NULL);
    } else if (strcmp(what, "epoll") == 0) {
        struct epoll_event event;
        epoll_wait(epoll_create1(0), &event, 1, 300);
    } else if (strcmp(what, "flock") == 0) {
        if (flock(hold(words[2], 1), LOCK_EX)) abort();
    } else if (strcmp(what, "fcntl") == 0) {
        struct flock whole = {.l_type = F_WRLCK};
        if (fcntl(hold(words[2], 0), F_SETLKW, &whole)) abort();
    } else if (strcmp(what, "mutex") == 0) {
        static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        pthread_t holder;
        pthread_create(&holder, NULL, hold_mutex, &mutex);
        while (!stage) {}
        pthread_mutex_lock(&mutex);
    } else if (strcmp(what, "direct") == 0) {
        syscall(SYS_nanosleep, &blocked, NULL);
    } else if (strcmp(what, "compute") == 0) {
        struct timespec used;
        do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        while (used.tv_sec == 0 && used.tv_nsec < blocked.tv_nsec);
    } else if (strcmp(what, "close") == 0) {
        usleep(1000);
        closefrom(3);
        close(1);
        close(2);
        for (int number = 1; number <= 3; ++number)  /* they are given out as ever */
            if (open("/dev/null", O_RDWR) != number) return 9;
    } else if (strcmp(what, "reuse") == 0) {  /* takes all numbers that can be had, among them the runtime's */
        int ends[2];
        struct stat facts;
        close_range(3, 4000, 0);
        if (pipe(ends)) abort();
        for (int fd = 5; fd < 1024; ++fd) if (dup2(ends[1], fd) != fd) abort();
        close(2);
        if (fork() == 0) exit(0);
        wait(NULL);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        char bytes[100];
        if (read(ends[0], bytes, sizeof bytes) > 0) return 9;
    } else if (strcmp(what, "_exit") == 0) {
        usleep(1000);
        _exit(5);
    } else if (strcmp(what, "signal") == 0) {
        signal(SIGALRM, on_alarm);
        raise(SIGALRM);
    } else if (strcmp(what, "exec") == 0) {
        execlp("true", "true", NULL);
    } else if (strcmp(what, "children") == 0) {
        if (fork() == 0) {
            for (int i = 0; i < 2; ++i) usleep(1000);
            struct timespec time = blocked;
            syscall(SYS_nanosleep, &time, NULL);
            exit(0);
        }
        wait(NULL);
        if (vfork() == 0) _exit(0);  /* has the parent's figures, and does not print them */
    } else if (strcmp(what, "last thread") == 0) {
        pthread_t other;
        pthread_create(&other, NULL, end_later, "ended");
        pthread_exit(NULL);
    } else if (strcmp(what, "identity") == 0) {
        if (setgid(65534) || setuid(65534)) abort();
        syscall(SYS_nanosleep, &blocked, NULL);
    } else {
        return 2;
    }
    return 0;
}
"""

directory = tempfile.TemporaryDirectory()
place = Path(directory.name)
(place / "program.c").write_text(PROGRAM)
(place / "lock").write_text("")
subprocess.run(["cc", "-w", "-pthread", place / "program.c", "-o", place / "program"], check=True)


class Report:
    """What one process has printed."""

    def __init__(self, text):
        lines = text.splitlines()
        head = re.fullmatch(r"greenrun: (\S+) \(process (\d+)\), (\d+\.\d{3}) seconds", lines[0])
        assert head, text
        self.name, self.process, self.seconds = head[1], int(head[2]), float(head[3])
        patched = re.fullmatch(r"patched: ((?:\w+ )*)\((\d+) names\)", lines[1])
        self.families, self.name_count = patched[1].split(), int(patched[2])
        self.tables, self.times, table = {"parked": {}, "blocked": {}}, {}, None
        for line in lines[2:]:
            assert len(line) <= 52, line
            words = line.split()
            if line.endswith(": nothing"):
                continue
            if line.endswith(" calls     seconds"):
                table = self.tables[words[0]] = {}
            elif line.startswith("  "):
                table[" ".join(words[:-2])] = int(words[-2]), float(words[-1])
            else:
                self.times[" ".join(words[:-1])] = float(words[-1])
        for rows in self.tables.values():
            whole = rows.pop("all", None)
            assert (whole is None) == (len(rows) < 2), text
            assert not whole or whole[0] == sum(count for count, _ in rows.values()), text
            assert not whole or abs(whole[1] - sum(time for _, time in rows.values())) < 0.02, text
            assert list(rows.values()) == sorted(rows.values(), key=lambda row: -row[1]), text
        assert set(self.times) == {"computing", "longest without a turn"}, text

    @property
    def parked(self):
        return {name: count for name, (count, _) in self.tables["parked"].items()}

    def blocked_for(self, *names):
        return sum(self.tables["blocked"].get(name, (0, 0))[1] for name in names)


def run(*words, status=0, **options):
    done = subprocess.run([GREENRUN, *words], capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == status, (words, done)
    return done


def reports_of(*words, stdout="", **options):
    done = run(*words, **options)
    assert done.stdout == stdout, (words, done)
    return [Report("greenrun: " + text) for text in re.split(r"^greenrun: ", done.stderr, flags=re.M)[1:]]


def report_of(what, *more, options=("--stats",), **others):
    """Of the program itself; its children report first."""
    return reports_of(*options, place / "program", what, *more, **others)[-1]


# --- what parked ---

seen = report_of("park")
assert seen.parked == {"nanosleep": 3, "clock_nanosleep": 1, "poll": 1, "read": 2, "recv": 2, "recvfrom": 1, "system": 1,
                       "pclose": 1, "wait": 1}, seen.parked
assert seen.tables["parked"]["clock_nanosleep"][1] >= 1.9, seen.tables
assert 0.03 <= seen.tables["parked"]["nanosleep"][1] <= seen.seconds, seen.tables
assert seen.name == "program" and "time" in seen.families and seen.name_count > 60, vars(seen)

sleeping = report_of("sleep")
assert sleeping.parked == {"nanosleep": 1} and sleeping.tables["parked"]["nanosleep"][1] >= BLOCKED_SECONDS
EPOLL = "epoll_wait", "epoll_pwait", "epoll_pwait2"  # the hub's own wait, or the program's
assert sleeping.blocked_for("nanosleep", "clock_nanosleep", *EPOLL) == 0, sleeping.tables

# --- what blocked ---

for order in (["--no-time", "--stats"], ["--stats", "--no-time"]):
    unpatched = report_of("sleep", options=order)
    assert "time" not in unpatched.families and unpatched.name_count < seen.name_count
    assert not unpatched.parked
    assert unpatched.blocked_for("nanosleep", "clock_nanosleep") >= SEEN_SECONDS, unpatched.tables
    assert unpatched.times["longest without a turn"] >= SEEN_SECONDS, unpatched.times
assert report_of("epoll").parked == {"epoll_wait": 1}
assert report_of("epoll", options=["--no-select", "--stats"]).blocked_for(*EPOLL) >= SEEN_SECONDS
for what, names in [("flock", ["flock"]), ("fcntl", ["fcntl", "fcntl64"]), ("direct", ["nanosleep"]),
                    ("mutex", ["futex", "pthread_mutex_lock"]), ("identity", ["nanosleep"])]:
    if what == "identity" and os.geteuid() != 0:
        continue
    blocking = report_of(what, place / "lock")
    assert blocking.blocked_for(*names) >= SEEN_SECONDS, (what, blocking.tables)
assert report_of("compute").times["computing"] >= SEEN_SECONDS

# --- whom it reaches, and when ---

assert report_of("close").parked == {"usleep": 1}
assert report_of("_exit", status=5).parked == {"usleep": 1}
assert report_of("signal", status=14).name == "program"
assert report_of("exec").name == "true"
assert report_of("last thread", stdout="ended\n").name == "program"
assert reports_of("--stats", "--no-descriptor", place / "program", "reuse") == []

child, parent = reports_of("--stats", place / "program", "children")
assert child.name == parent.name == "program" and child.process != parent.process
assert child.parked == {"usleep": 2} and child.blocked_for("nanosleep") >= SEEN_SECONDS, child.tables
assert parent.parked == {"wait": 1} and parent.blocked_for("nanosleep") == 0, parent.tables
assert sorted(each.name for each in reports_of("--stats", "sh", "-c", "sleep 0.01; (true; echo); true", stdout="\n")) == [
    "sh", "sh", "sleep"]

# --- without /proc ---

unmounted = ["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"]
if subprocess.run([*unmounted, "true"], capture_output=True).returncode == 0:
    program = ["env", f"LD_PRELOAD={LIBRARY}", "GREENRUN=time,--stats", place / "program"]
    done = subprocess.run([*unmounted, *program, "sleep"], capture_output=True, text=True, timeout=60)
    assert "\n  nanosleep                            1 " in done.stderr, done
    assert re.search("^not all that blocks was seen: /proc/.*: No such file or directory$", done.stderr, re.M), done
else:
    print("no name space without /proc to be had")

# --- where it stays quiet ---

assert run(place / "program", "sleep").stderr == "" and run("sh", "-c", "sleep 0; exit 0").stderr == ""
assert run("--stats", GREENRUN, place / "program", "sleep").stderr == ""
with subprocess.Popen([GREENRUN, "--stats", place / "program", "sleep"], stderr=subprocess.PIPE) as without_reader:
    without_reader.stderr.close()
assert without_reader.returncode == 0, without_reader
assert run("--stats", place / "program", "sleep", preexec_fn=lambda: os.close(2)).stderr == ""

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A call that takes a function to be called does not compile with a coroutine, which would never run, and says so."""
import os
import re
import shlex
import subprocess
import sys

from rooms import ROOT, report

if os.environ.get("GREEN_VARIANT"):
    print("headers are the same in every variant")
    sys.exit(77)

COMPILER = [word for word in shlex.split(os.environ.get("CXX", "g++")) if word != "ccache"]
OPTIONS = "-std=c++20 -D_GNU_SOURCE -fsyntax-only -x c++ -".split()
if "clang" in COMPILER[0]:
    OPTIONS.append("-ferror-limit=0")

# FUNCTION stands for a lambda, from its parameters on.
CALLS = """
green::spawn(FUNCTION());
green::spawn(FUNCTION(int), 1);
green::spawn(green::fiber_options{}, FUNCTION());
green::spawn_after(1s, FUNCTION());
green::spawn_after(1s, green::fiber_options{}, FUNCTION());
green::spawn_on(hub, FUNCTION());
green::spawn_on(hub, green::fiber_options{}, FUNCTION());
group.spawn(green::fiber_options{}, FUNCTION());
group.spawn_on(hub, green::fiber_options{}, FUNCTION());
pool.spawn(green::fiber_options{}, FUNCTION());
pool.try_spawn(green::fiber_options{}, FUNCTION());
pool.map(items, FUNCTION(int));
pool.imap(items, FUNCTION(int));
pool.imap_unordered(items, FUNCTION(int));
green::with_timeout(1s, FUNCTION());
green::with_cancel_scope(FUNCTION(green::cancel_scope&));
green::with_cancel_scope(green::cancel_scope::options{}, FUNCTION(green::cancel_scope&));
green::with_task_group(FUNCTION(green::task_group&));
green::shield(FUNCTION());
(void) coro::on_fiber(FUNCTION());
green::generator<int>(FUNCTION(green::generator<int>::yielder));
green::greenlet<void()>(FUNCTION());
green::greenlet<void(int)>(FUNCTION(int));
green::set_greenlet_tracer(FUNCTION(const green::greenlet_trace&));
hub.call_soon(FUNCTION());
hub.call_after(1s, FUNCTION());
handle.link(FUNCTION());
future.on_ready(FUNCTION(green::future<int>));
green::barrier(1, FUNCTION());
green::select(green::on_receive(channel, FUNCTION(std::optional<int>)));
green::select(green::on_receive(queue, FUNCTION(int)));
green::select(green::on_send(channel, 1, FUNCTION()));
green::select(green::on_ready(event, FUNCTION()));
green::select(green::on_timeout(1s, FUNCTION()));
green::select(green::otherwise(FUNCTION()));
(void) coro::select(green::on_receive(channel, FUNCTION(std::optional<int>)));
green::server({}, FUNCTION(green::tcp_stream&));
green::server({}, {}, {.report = FUNCTION(std::exception_ptr)});
green::http::server({}, FUNCTION(green::http::request&, green::http::response_writer&));
green::http::server({}, {}, {.report = FUNCTION(const green::http::request&, std::exception_ptr)});
green::inspect::watchdog(1s, FUNCTION(const green::inspect::stuck_fiber&));
""".strip().splitlines()

BEFORE = """
#include <green/green.h>
#include <green/http/server.h>
#include <green/inspect/watchdog.h>
using namespace std::chrono_literals;
namespace coro = green::coro;
template <int N> struct number {};
void all(green::hub& hub, green::task_group& group, green::pool& pool, std::vector<int>& items, green::agent_handle handle,
         green::future<int> future, green::channel<int>& channel, green::queue<int>& queue, green::event& event) {
"""

# As g++ says it, and as clang does.
REFUSED = re.compile(r"In instantiation of .struct green::detail::result_of_call<green::coro::task<number<(\d+)>"
                     r"(?:(?!In instantiation|error:).|\n)*error: static assertion failed: green: this coroutine"
                     r"|error: static assertion failed due to requirement [^\n]*number<(\d+)>[^\n]*green: this coroutine")


def compiled(function):
    """What the compiler says of all calls, each in a line of its own, with function(its number) for FUNCTION's end."""
    lines = [re.sub(r"FUNCTION(\(.*?\))(?=[,;)}])", lambda found: "[]" + found[1] + function(number), call)
             for number, call in enumerate(CALLS)]
    places = [word for place in ("runtime", "monkeypatch") for word in ("-I", ROOT / place)]
    return subprocess.run(COMPILER + OPTIONS + places, input="\n".join([BEFORE, *lines, "}"]), text=True,
                          capture_output=True).stderr


def complaints():
    errors = compiled(lambda number: " { return 0; }")
    if errors:
        yield f"a plain function is refused:\n{errors}"
    errors = compiled(lambda number: f" -> coro::task<number<{number}>> {{ co_return {{}}; }}")
    refused = {int(g or clang) for g, clang in REFUSED.findall(errors)}
    yield from (f"takes a coroutine: {call}" for number, call in enumerate(CALLS) if number not in refused)


report(list(complaints()))

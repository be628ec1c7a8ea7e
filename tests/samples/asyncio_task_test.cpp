// SPDX-License-Identifier: BSL-1.0
// What samples/README.md says of asyncio's words, for tasks: each line of its table stands here, and does what it says.
// Twin of asyncio_fiber_test.cpp; asyncio_test.py looks that no line is missing.
#include <green/green.h>
#include <green/inspect/fibers.h>

#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <array>
#include <fcntl.h>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

namespace {

coro::task<std::string> fetch(std::string url) {
    co_await coro::sleep(10ms * url.size());
    if (url == "broken") throw std::runtime_error("broken");
    co_return "page of " + url;
}

const std::string a = "a", b = "bb";

struct two_pages {
    std::vector<coro::join_handle<std::string>> pages{coro::spawn(fetch(b)), coro::spawn(fetch(a))};
};

}  // namespace

// The body is a task of its own.
#define TEST_OF_TASKS(fixture, description, name)      \
    static coro::task<void> name();                    \
    TEST_CASE_FIXTURE(support::fixture, description) { \
        auto body = coro::spawn(name());               \
        green::block_on(body);                         \
    }                                                  \
    static coro::task<void> name()

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's run (tasks)") {
    CHECK(green::block_on(fetch(a)) == "page of a");
}

TEST_OF_TASKS(virtual_time, "asyncio's loop (tasks)", the_loop) {
    auto& hub = green::hub::current();
    std::string log;
    auto f = [&] { log += "f"; };

    green::event stop;
    hub.call_soon(f);
    auto timer = hub.call_after(1s, f);
    auto when = hub.now() + 2s;
    hub.call_after(when - hub.now(), f);
    hub.call_after(2s, [&] { stop.set(); });
    timer.cancel();
    auto later = coro::spawn_after(1s, fetch(a));
    co_await coro::wait(stop);
    CHECK(log == "ff");
    CHECK(hub.now() >= when);
    CHECK(later.ended());
}

TEST_OF_TASKS(virtual_time, "asyncio's tasks (tasks)", the_tasks) {
    {
        auto page = co_await fetch(a);
        CHECK(page == "page of a");
    }
    bool called = false;
    auto f = [&] { called = true; };
    auto page = coro::spawn(fetch(a));
    page.link(f);
    CHECK_FALSE(page.ended());
    CHECK(green::inspect::fibers().size() >= 2);
    CHECK(co_await page.get() == "page of a");
    co_await coro::yield();
    CHECK(called);

    auto task = coro::spawn(fetch(b));
    co_await coro::yield();
    co_await task.kill();
    CHECK(task.was_killed());
    CHECK(task.error() == nullptr);
    task.kill_soon();
}

TEST_OF_TASKS(virtual_time, "asyncio's gather() (tasks)", gathering) {
    auto [x, y] = co_await coro::when_all(fetch(a), fetch(b));
    CHECK(x + y == "page of apage of bb");
    std::string thrown;
    try {
        co_await coro::when_all(fetch(std::string(9, 'x')), fetch("broken"));
    } catch (const std::runtime_error& error) {
        thrown = error.what();
    }
    CHECK(thrown == "broken");
}

TEST_OF_TASKS(virtual_time, "asyncio's gather(), with one that fails (tasks)", gathering_errors) {
    std::vector pages{coro::spawn(fetch("broken")), coro::spawn(fetch(std::string(9, 'x')))};
    std::string thrown;
    try {
        co_await coro::joinall(pages, true);
    } catch (const std::runtime_error& error) {
        thrown = error.what();
    }
    CHECK(thrown == "broken");
    CHECK_FALSE(pages[1].ended());
    co_await coro::joinall(pages);
    std::string results;
    for (auto& page : pages) {
        if (page.error())
            results += "error ";
        else
            results += co_await page.get();
    }
    CHECK(results == "error page of xxxxxxxxx");
}

TEST_OF_TASKS(virtual_time, "asyncio's wait() (tasks)", waiting) {
    two_pages of;
    auto& pages = of.pages;
    CHECK(co_await coro::wait_any(pages) == 1);
    CHECK_FALSE(pages[0].ended());
    CHECK_FALSE(co_await coro::wait_all_for(1ms, pages));
    CHECK(co_await coro::wait_all_for(1s, pages));
}

TEST_OF_TASKS(virtual_time, "asyncio's as_completed() (tasks)", as_they_come) {
    two_pages of;
    auto& pages = of.pages;
    std::string shown;
    auto show = [&](const std::string& page) { shown += page + ';'; };
    auto done = coro::as_completed(pages);
    while (auto i = co_await done.next()) show(co_await pages[*i].get());
    CHECK(shown == "page of a;page of bb;");
}

TEST_OF_TASKS(virtual_time, "asyncio's timeouts and shields (tasks)", timeouts) {
    CHECK((co_await coro::with_timeout(1s, fetch(a))).has_value());
    CHECK_FALSE((co_await coro::with_timeout(1ms, fetch(a))).has_value());

    bool gave_up = false;
    try {
        green::timeout limit(1s);
        green::timeout never_reached(green::timeout::at(green::hub::current().now() + 2s));
        try {
            co_await coro::sleep(1h);
        } catch (const green::cancelled& request) {
            gave_up = limit.owns(request) && limit.expired() && !never_reached.expired();
        }
    } catch (const green::cancelled&) {
    }
    CHECK(gave_up);

    auto page = coro::spawn(fetch(a));
    auto ask = [&]() -> coro::task<std::string> { co_return co_await page.get(); };
    CHECK_FALSE((co_await coro::with_timeout(1ms, ask())).has_value());
    CHECK(co_await page.get() == "page of a");

    std::string complete;
    auto see_through = [&]() -> coro::task<void> { complete = co_await coro::shield(fetch(a)); };
    co_await coro::with_timeout(1ms, see_through());
    CHECK(complete == "page of a");
}

TEST_OF_TASKS(virtual_time, "asyncio's futures (tasks)", futures) {
    int seen = 0;
    auto f = [&](green::future<int> from) { seen = from.get(); };
    green::promise<int> answer;
    auto result = answer.get_future();
    result.on_ready(f);
    auto supply = [&]() -> coro::task<void> {
        answer.set_value(42);
        co_return;
    };
    coro::spawn(supply());
    CHECK(co_await coro::get(result) == 42);
    co_await coro::yield();
    CHECK(seen == 42);
}

TEST_OF_TASKS(virtual_time, "asyncio's readers (tasks)", readers) {
    std::array<int, 2> ends;
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK) == 0);
    const int fd = ends[0];
    std::string read;
    auto f = [&] {
        char c;
        if (::read(fd, &c, 1) == 1) read += c;
    };
    auto reader = coro::spawn([&]() -> coro::task<void> { for (;;) { co_await coro::wait_readable(fd); f(); } });
    {
        const int fd = ends[1];
        co_await coro::wait_writable(fd);
    }
    REQUIRE(::write(ends[1], "ab", 2) == 2);
    co_await coro::sleep(1ms);
    co_await reader.kill();
    CHECK(read == "ab");
    for (int end : ends) green::close_fd(end);
}

TEST_CASE_FIXTURE(support::leak_check, "asyncio's calls from other threads (tasks)") {
    support::other_hub thread;
    green::hub& home = *thread;
    green::promise<bool> over_there;
    auto f = [&] { over_there.set_value(&green::hub::current() == &home); };
    home.call_soon(f);
    CHECK(over_there.get_future().get());
    auto page = coro::spawn_on(home, fetch(a));
    CHECK(green::block_on(page) == "page of a");

    green::hub& worker = home;
    auto compute = [] { return 42; };
    auto body = [&]() -> coro::task<int> {
        auto result = co_await coro::get(green::spawn_on(worker, compute));
        co_return result;
    };
    CHECK(green::block_on(coro::spawn(body())) == 42);
}

TEST_OF_TASKS(virtual_time, "asyncio's primitives (tasks)", primitives) {
    co_await coro::sleep(1s);
    co_await coro::yield();

    green::event ready;
    green::hub::current().call_soon([&] { ready.set(); });
    co_await coro::wait(ready);

    green::mutex lock;
    green::condition_variable changed;
    bool full = false;
    auto fill = [&]() -> coro::task<void> {
        auto guard = co_await coro::scoped_lock(lock);
        full = true;
        changed.notify_all();
    };
    auto filler = coro::spawn(fill());
    {
        auto held = co_await coro::scoped_lock(lock);
        co_await coro::wait(changed, held, [&] { return full; });
    }
    CHECK(full);
    co_await filler.join();

    green::semaphore slots(1);
    co_await coro::acquire(slots);
    CHECK_FALSE(slots.try_acquire());
    slots.release();

    green::barrier all_here(2);
    auto arrive = [&]() -> coro::task<void> { co_await coro::arrive_and_wait(all_here); };
    auto other = coro::spawn(arrive());
    co_await coro::arrive_and_wait(all_here);
    co_await other.join();

    green::queue<int> jobs(10);
    co_await coro::put(jobs, 1);
    CHECK(co_await coro::get(jobs) == 1);
    jobs.task_done();
    co_await coro::join(jobs);
}

TEST_OF_TASKS(virtual_time, "asyncio's task groups and local values (tasks)", groups) {
    co_await coro::with_task_group([&](auto& group) -> coro::task<void> { group.spawn(fetch(a)); co_return; });

    green::inheritable_fiber_local<std::string> user;
    *user = "ann";
    auto ask = [&]() -> coro::task<std::string> { co_return *user; };
    CHECK(co_await coro::spawn(ask()).get() == "ann");
}

TEST_OF_TASKS(leak_check, "asyncio's streams (tasks)", streams) {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto port = listener.local_endpoint().port;
    auto serve = [](green::tcp_stream peer) -> coro::task<void> {
        std::string line;
        co_await coro::read_until(peer, line, "\n");
        co_await coro::write_all(peer, line);
    };
    auto server = coro::spawn([&]() -> coro::task<void> {
        for (;;) coro::spawn(serve(co_await coro::accept(listener)));
    });
    {
        auto peer = co_await coro::connect("localhost", port);
        co_await coro::write_all(peer, "hello\n");
        std::string line;
        co_await coro::read_until(peer, line, "\n");
        CHECK(line == "hello\n");
    }
    co_await server.kill();
    CHECK((co_await coro::lookup(green::dns::default_resolver(), "localhost")).size() > 0);
}

// SPDX-License-Identifier: BSL-1.0
// What samples/README.md says of asyncio's words, for fibers: each line of its table stands here, and does what it
// says. Twin of asyncio_task_test.cpp; asyncio_test.py looks that no line is missing.
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

namespace {

std::string fetch(std::string url) {
    green::sleep(10ms * url.size());
    if (url == "broken") throw std::runtime_error("broken");
    return "page of " + url;
}

const std::string a = "a", b = "bb";

struct two_pages {
    std::vector<green::fiber<std::string>> pages{green::spawn(fetch, b), green::spawn(fetch, a)};
};

}  // namespace

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's loop (fibers)") {
    auto& hub = green::hub::current();
    std::string log;
    auto f = [&] { log += "f"; };

    fetch(a);

    green::event stop;
    hub.call_soon(f);
    auto timer = hub.call_after(1s, f);
    auto when = hub.now() + 2s;
    hub.call_after(when - hub.now(), f);
    hub.call_after(2s, [&] { stop.set(); });
    timer.cancel();
    auto later = green::spawn_after(1s, fetch, a);
    stop.wait();
    CHECK(log == "ff");
    CHECK(hub.now() >= when);
    CHECK(later.ended());
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's tasks (fibers)") {
    {
        auto page = fetch(a);
        CHECK(page == "page of a");
    }
    bool called = false;
    auto f = [&] { called = true; };
    auto page = green::spawn(fetch, a);
    page.link(f);
    CHECK_FALSE(page.ended());
    CHECK(green::inspect::fibers().size() >= 2);
    CHECK(page.get() == "page of a");
    green::yield();
    CHECK(called);

    auto unwanted = green::spawn(fetch, b);
    auto& task = unwanted;
    green::yield();
    task.kill();
    CHECK(task.was_killed());
    CHECK(task.error() == nullptr);
    task.kill_soon();
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's gather() and wait() (fibers)") {
    SUBCASE("gather") {
        std::vector pages{green::spawn(fetch, a), green::spawn(fetch, b)};
        green::joinall(pages, true);
        CHECK(pages[0].get() + pages[1].get() == "page of apage of bb");
    }
    SUBCASE("gather, with one that fails") {
        std::vector pages{green::spawn(fetch, "broken"), green::spawn(fetch, std::string(9, 'x'))};
        CHECK_THROWS_WITH(green::joinall(pages, true), "broken");
        CHECK_FALSE(pages[1].ended());
        green::joinall(pages);
        std::string results;
        for (auto& page : pages) results += page.error() ? "error " : page.get();
        CHECK(results == "error page of xxxxxxxxx");
    }
    SUBCASE("the first") {
        two_pages of;
        auto& pages = of.pages;
        CHECK(green::wait_any(pages) == 1);
        CHECK_FALSE(pages[0].ended());
        CHECK_FALSE(green::wait_all_for(1ms, pages));
        CHECK(green::wait_all_for(1s, pages));
    }
    SUBCASE("one after the other") {
        two_pages of;
        auto& pages = of.pages;
        std::string shown;
        auto show = [&](const std::string& page) { shown += page + ';'; };
        for (auto& page : green::iwait(pages)) show(page.get());
        CHECK(shown == "page of a;page of bb;");
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's timeouts and shields (fibers)") {
    CHECK(green::with_timeout(1s, [&] { return fetch(a); }).has_value());
    CHECK_FALSE(green::with_timeout(1ms, [&] { return fetch(a); }).has_value());

    bool gave_up = false;
    try {
        green::timeout limit(1s);
        green::timeout never_reached(green::timeout::at(green::hub::current().now() + 2s));
        try {
            green::sleep(1h);
        } catch (const green::cancelled& request) {
            gave_up = limit.owns(request) && limit.expired() && !never_reached.expired();
        }
    } catch (const green::cancelled&) {
    }
    CHECK(gave_up);

    auto page = green::spawn(fetch, a);
    CHECK_FALSE(green::with_timeout(1ms, [&] { return page.get(); }).has_value());
    CHECK(page.get() == "page of a");

    std::string complete;
    green::with_timeout(1ms, [&] { complete = green::shield([&] { return fetch(a); }); });
    CHECK(complete == "page of a");
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's futures (fibers)") {
    int seen = 0;
    auto f = [&](green::future<int> from) { seen = from.get(); };
    green::promise<int> answer;
    auto result = answer.get_future();
    result.on_ready(f);
    green::spawn([&] { answer.set_value(42); });
    CHECK(result.get() == 42);
    green::yield();
    CHECK(seen == 42);
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's readers (fibers)") {
    std::array<int, 2> ends;
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK) == 0);
    const int fd = ends[0];
    std::string read;
    auto f = [&] {
        char c;
        if (::read(fd, &c, 1) == 1) read += c;
    };
    auto reader = green::spawn([&] { while (green::wait_readable(fd)) f(); });
    {
        const int fd = ends[1];
        green::wait_writable(fd);
    }
    REQUIRE(::write(ends[1], "ab", 2) == 2);
    green::sleep(1ms);
    reader.kill();
    CHECK(read == "ab");
    for (int end : ends) green::close_fd(end);
}

TEST_CASE_FIXTURE(support::leak_check, "asyncio's calls from other threads (fibers)") {
    support::other_hub thread;
    green::hub& home = *thread;
    green::promise<bool> over_there;
    auto f = [&] { over_there.set_value(&green::hub::current() == &home); };
    home.call_soon(f);
    CHECK(over_there.get_future().get());
    CHECK(green::spawn_on(home, fetch, a).get() == "page of a");

    green::hub& worker = home;
    auto compute = [] { return 42; };
    auto result = green::spawn_on(worker, compute).get();
    CHECK(result == 42);
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's primitives (fibers)") {
    green::sleep(1s);
    green::yield();

    green::event ready;
    green::spawn([&] { ready.set(); });
    ready.wait();

    green::mutex lock;
    green::condition_variable changed;
    bool full = false;
    green::spawn([&] {
        std::lock_guard guard(lock);
        full = true;
        changed.notify_all();
    });
    {
        std::unique_lock held(lock);
        changed.wait(held, [&] { return full; });
    }
    CHECK(full);

    green::semaphore slots(1);
    slots.acquire();
    CHECK_FALSE(slots.try_acquire());
    slots.release();

    green::barrier all_here(2);
    auto other = green::spawn([&] { all_here.arrive_and_wait(); });
    all_here.arrive_and_wait();
    other.join();

    green::queue<int> jobs(10);
    jobs.put(1);
    CHECK(jobs.get() == 1);
    jobs.task_done();
    jobs.join();
}

TEST_CASE_FIXTURE(support::virtual_time, "asyncio's task groups and local values (fibers)") {
    green::with_task_group([&](auto& group) { group.spawn(fetch, a); });

    green::inheritable_fiber_local<std::string> user;
    *user = "ann";
    CHECK(green::spawn([&] { return *user; }).get() == "ann");
}

TEST_CASE_FIXTURE(support::leak_check, "asyncio's streams (fibers)") {
    auto serve = [](green::tcp_stream& peer) { green::copy(peer, peer); };
    green::server server({green::ip_address::loopback_v4(), 0}, serve);
    auto port = server.local_endpoint().port;
    {
        auto peer = green::connect("localhost", port);
        green::write_all(peer, "hello\n");
        std::string line;
        green::read_until(peer, line, "\n");
        CHECK(line == "hello\n");
    }
    server.stop();
    CHECK(green::dns::default_resolver().lookup("localhost").size() > 0);
}

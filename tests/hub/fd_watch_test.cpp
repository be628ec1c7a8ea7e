// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/fixture.h>

#include <green/base/unique_fd.h>
#include <green/fiber/sleep.h>
#include <green/hub/fd_watch.h>
#include <green/hub/hub.h>
#include <green/io/fd_wait.h>

#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

using green::detail::direction;
using green::detail::fd_watch;

namespace {

struct pipe_fixture : support::leak_check {
    pipe_fixture() { CHECK(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0); }
    ~pipe_fixture() {
        watch.reset();
        for (int fd : ends) green::close_fd(fd);
    }

    // Reads at most `most` bytes per call.
    std::unique_ptr<fd_watch> reader(std::size_t most) {
        return std::make_unique<fd_watch>(loop, ends[0], direction::read, [this, most] {
            ++call_count;
            char buffer[64];
            const ssize_t count = ::read(ends[0], buffer, most);
            if (count > 0) seen.append(buffer, static_cast<std::size_t>(count));
            return count < 0;
        });
    }
    void put(const char* text) { CHECK(::write(ends[1], text, std::string(text).size()) > 0); }
    static void let_events_in() { green::sleep(std::chrono::milliseconds(2)); }

    green::detail::loop& loop = green::detail::loop_of(green::hub::current());
    int ends[2];
    int call_count = 0;
    std::string seen;
    std::unique_ptr<fd_watch> watch;
};

}  // namespace

TEST_CASE_FIXTURE(pipe_fixture, "a watch calls back when data arrives, also what was there before") {
    put("early ");
    watch = reader(64);
    let_events_in();
    CHECK(seen == "early ");
    put("late");
    let_events_in();
    CHECK(seen == "early late");
}

TEST_CASE_FIXTURE(pipe_fixture, "a watch calls again until the callback has met EAGAIN, and then no more") {
    watch = reader(1);
    put("abc");
    let_events_in();
    CHECK(seen == "abc");
    CHECK(call_count == 4);
    let_events_in();
    CHECK(call_count == 4);
}

TEST_CASE_FIXTURE(pipe_fixture, "a watch that is gone is not called, though its event is on the way") {
    watch = reader(64);
    let_events_in();
    put("x");
    watch.reset();
    let_events_in();
    CHECK(call_count == 0);
    watch = reader(1);  // and the next one finds the data
    let_events_in();
    CHECK(seen == "x");
    put("y");
    green::yield();
    watch.reset();  // perhaps queued
    let_events_in();
}

TEST_CASE_FIXTURE(pipe_fixture, "a callback may destroy its own watch") {
    watch = std::make_unique<fd_watch>(loop, ends[0], direction::read, [this] {
        ++call_count;
        watch.reset();
        return false;
    });
    put("x");
    let_events_in();
    CHECK(call_count == 1);
}

TEST_CASE_FIXTURE(pipe_fixture, "what cannot be watched is an error") {
    CHECK_THROWS_AS(fd_watch(loop, 1 << 20, direction::read, [] { return true; }), std::system_error);
}

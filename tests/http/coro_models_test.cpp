// SPDX-License-Identifier: BSL-1.0
// The client's promises, kept for tasks, which are suspended where they wait, and for tasks that a fiber runs; see
// models.inc. At the end what is of both models at once.
#include <http/packing.h>
#include <http/support.h>

#include <support/model_of_tasks.h>

#include <utility>

using namespace support;

#define IN_BOTH_MODELS(name, description)                                \
    static green::coro::task<void> name(surroundings& here);             \
    TEST_CASE_FIXTURE(virtual_time, description " (tasks)") {            \
        surroundings here;                                               \
        auto body = green::coro::spawn(name(here));                      \
        green::block_on(body);                                           \
    }                                                                    \
    TEST_CASE_FIXTURE(virtual_time, description " (tasks on a fiber)") { \
        surroundings here;                                               \
        green::block_on(name(here));                                     \
    }                                                                    \
    static green::coro::task<void> name([[maybe_unused]] surroundings& here)

#include "models.inc"

TEST_CASE_FIXTURE(leak_check, "a fiber and a task share the connections of one session, and wait for each other's") {
    int now = 0, most = 0;
    web site([&](http::request&, http::response_writer& answer) {
        most = std::max(most, ++now);
        green::yield();
        --now;
        answer.write("x");
    });
    http::session session({.max_connections_per_host = 1});
    const std::string url = site.url();
    std::string order;
    auto ask = [&]() -> green::coro::task<void> {
        for (int i = 0; i < 3; ++i) {
            auto answer = co_await green::coro::get(session, url);
            order += co_await green::coro::read_all(answer) == "x" ? "t" : "?";
        }
    };
    auto task = green::coro::spawn(ask());
    auto fiber = green::spawn([&] {
        for (int i = 0; i < 3; ++i) order += session.get(url).read_all() == "x" ? "f" : "?";
    });
    fiber.get();
    green::block_on(task);
    CHECK(order == "tftftf");
    CHECK(most == 1);
    CHECK(site.server.connection_count() == 1);
    CHECK(session.idle_count() == 1);
}

TEST_CASE_FIXTURE(leak_check, "the fiber spelling inside a task is refused, and says what to do instead") {
    http::session session;
    std::string said;
    auto body = [&]() -> green::coro::task<void> {
        try {
            session.get("http://localhost/");
        } catch (const std::logic_error& error) {
            said = error.what();
        }
        co_return;
    };
    auto spawned = green::coro::spawn(body());
    green::block_on(spawned);
    CHECK(said.find("co_await") != std::string::npos);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sync/channel.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/timeout.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(support::virtual_time, "sender and receiver of an unbuffered channel meet") {
    green::channel<int> c;
    bool sent = false;
    auto sender = green::spawn([&] { c.send(1), sent = true; });
    green::yield();
    CHECK(!sent);
    CHECK(c.receive() == 1);
    sender.join();
    CHECK(sent);
    auto receiver = green::spawn([&] { return *c.receive(); });
    green::yield();
    c.send(2);
    CHECK(receiver.get() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a buffered channel takes as many items as it has room for") {
    green::channel<int> c(2);
    CHECK(c.try_send(1));
    CHECK(c.try_send(2));
    CHECK(!c.try_send(3));
    CHECK(c.try_receive() == 1);
    CHECK(c.try_send(3));
    CHECK(c.receive() == 2);
    CHECK(c.receive() == 3);
    CHECK(!c.try_receive());
}

TEST_CASE_FIXTURE(support::virtual_time, "a loop over a channel ends when it is closed and empty") {
    green::channel<std::string> c(1);
    auto reader = green::spawn([&] {
        std::string all;
        for (auto& word : c) all += word;
        return all;
    });
    for (const char* word : {"a", "b", "c"}) c.send(word);
    c.close();
    CHECK(reader.get() == "abc");
    CHECK(c.closed());
    CHECK(!c.receive());
}

TEST_CASE_FIXTURE(support::virtual_time, "closing a channel fails its senders, waiting and later ones") {
    green::channel<int> c;
    auto waiting = green::spawn([&] { c.send(1); });
    green::yield();
    c.close();
    c.close();
    CHECK_THROWS_AS(waiting.get(), green::channel_closed);
    CHECK_THROWS_AS(c.send(2), green::channel_closed);
    CHECK_THROWS_AS((void)c.try_send(2), green::channel_closed);
    CHECK(!c.receive());
}

TEST_CASE_FIXTURE(support::virtual_time, "a send that timed out has sent nothing") {
    green::channel<std::unique_ptr<int>> c;
    auto item = std::make_unique<int>(1);
    CHECK(!c.send_for(std::move(item), 1s));
    CHECK(item);
    CHECK(!c.receive_for(1s));
    CHECK(!c.closed());
    CHECK(clock.elapsed() == 2s);
}

TEST_CASE_FIXTURE(support::virtual_time, "an item passes over a receiver that was killed") {
    green::channel<int> c;
    auto victim = green::spawn([&] { c.receive(); });
    auto next = green::spawn([&] { return *c.receive(); });
    green::yield();
    victim.kill();
    c.send(5);
    CHECK(next.get() == 5);
    auto killed_sender = green::spawn([&] { c.send(6); });
    green::yield();
    killed_sender.kill();
    CHECK(!c.try_receive());
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout ends a receive") {
    green::channel<int> c;
    CHECK(!green::with_timeout(1s, [&] { c.receive_for(1h); }));
    CHECK(clock.elapsed() == 1s);
}

TEST_CASE_FIXTURE(support::leak_check, "a plain thread sends to a fiber") {
    green::channel<int> c;
    std::thread sender([&] {
        for (int i = 1; i <= 100; ++i) c.send(i);
        c.close();
    });
    int sum = 0;
    for (int i : c) sum += i;
    sender.join();
    CHECK(sum == 5050);
}

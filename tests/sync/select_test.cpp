// SPDX-License-Identifier: BSL-1.0
#include <green/sync/select.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/sync/event.h>
#include <green/sync/timeout.h>
#include <green/testing/seeded_order.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using maybe = std::optional<int>;

TEST_CASE_FIXTURE(support::virtual_time, "select takes the case that is ready and no other") {
    green::channel<int> a(1), b(1);
    b.send(2);
    int got = 0;
    CHECK(green::select(green::on_receive(a, [&](maybe i) { got = *i; }),
                        green::on_receive(b, [&](maybe i) { got = *i; })) == 1);
    CHECK(got == 2);
    CHECK(!b.try_receive());
    CHECK(a.try_send(1));
    CHECK(a.try_receive() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "select waits for whichever comes first and leaves the others whole") {
    green::channel<int> a, b;
    green::queue<int> q;
    int got = 0;
    auto chooser = green::spawn([&] {
        return green::select(green::on_receive(a, [&](maybe i) { got = *i; }),
                             green::on_receive(b, [&](maybe i) { got = *i; }),
                             green::on_receive(q, [&](int i) { got = i; }));
    });
    green::yield();
    b.send(7);
    CHECK(!a.try_send(1));  // nobody receives any more
    q.put(3);
    CHECK(chooser.get() == 1);
    CHECK(got == 7);
    CHECK(q.get() == 3);
}

TEST_CASE_FIXTURE(support::virtual_time, "select sends when a receiver comes") {
    green::channel<std::string> c;
    green::queue<std::string> full(0);
    auto receiver = green::spawn([&] {
        green::sleep(1s);
        return *c.receive();
    });
    bool sent = false;
    CHECK(green::select(green::on_send(full, "no"), green::on_send(c, "yes", [&] { sent = true; })) == 1);
    CHECK(sent);
    CHECK(receiver.get() == "yes");
    CHECK(!full.try_get());
}

TEST_CASE_FIXTURE(support::virtual_time, "select times out and has taken nothing") {
    green::channel<int> c;
    bool timed_out = false;
    CHECK(green::select(green::on_receive(c, [](maybe) { FAIL("received"); }),
                        green::on_timeout(2s, [] { FAIL("the later timeout"); }),
                        green::on_timeout(1s, [&] { timed_out = true; })) == 2);
    CHECK(timed_out);
    CHECK(clock.elapsed() == 1s);
    CHECK(!c.try_send(1));
}

TEST_CASE_FIXTURE(support::virtual_time, "select with a default does not wait") {
    green::channel<int> c(1);
    int got = -1;
    auto poll = [&] {
        return green::select(green::on_receive(c, [&](maybe i) { got = *i; }), green::otherwise([&] { got = 0; }));
    };
    CHECK(poll() == 1);
    CHECK(got == 0);
    CHECK(c.try_send(4));
    CHECK(poll() == 0);
    CHECK(got == 4);
    CHECK(c.try_send(5));
}

TEST_CASE_FIXTURE(support::virtual_time, "of several cases that are always ready none starves") {
    green::channel<int> a(1), b(1), c(1);
    std::array<int, 3> count{};
    for (int i = 0; i < 300; ++i) {
        (void)(a.try_send(1), b.try_send(1), c.try_send(1));
        ++count[green::select(green::on_receive(a, [](maybe) {}), green::on_receive(b, [](maybe) {}),
                              green::on_receive(c, [](maybe) {}))];
    }
    for (int n : count) CHECK(n > 60);
}

TEST_CASE_FIXTURE(support::virtual_time, "select sees channels and queues that are closed") {
    green::channel<int> c;
    green::queue<int> q;
    bool end = false;
    auto chooser = green::spawn([&] { green::select(green::on_receive(c, [&](maybe i) { end = !i; })); });
    green::yield();
    c.close();
    chooser.join();
    CHECK(end);
    q.shutdown();
    CHECK_THROWS_AS(green::select(green::on_receive(q, [](int) {})), green::queue_closed);
    CHECK_THROWS_AS(green::select(green::on_send(q, 1)), green::queue_closed);
    CHECK_THROWS_AS(green::select(green::on_send(c, 1)), green::channel_closed);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber does not meet itself in one select") {
    green::channel<int> c;
    CHECK(green::select(green::on_send(c, 1), green::on_receive(c, [](maybe) {}), green::on_timeout(1s)) == 2);
    auto other = green::spawn([&] { return *c.receive(); });
    green::yield();
    CHECK(green::select(green::on_send(c, 1), green::on_receive(c, [](maybe) {}), green::on_timeout(1s)) == 0);
    CHECK(other.get() == 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "two selects meet") {
    green::channel<int> a, b;
    int got = 0;
    auto left = green::spawn([&] { return green::select(green::on_send(a, 1), green::on_send(b, 2)); });
    auto right = green::spawn([&] {
        return green::select(green::on_receive(a, [&](maybe i) { got = *i; }),
                             green::on_receive(b, [&](maybe i) { got = *i; }));
    });
    CHECK(left.get() == right.get());
    CHECK(got == static_cast<int>(left.get()) + 1);
}

TEST_CASE_FIXTURE(support::virtual_time, "select waits for fibers and events too") {
    green::event e;
    green::channel<int> c;
    auto f = green::spawn([] { green::sleep(1s); });
    CHECK(green::select(green::on_ready(e), green::on_ready(f), green::on_receive(c, [](maybe) {})) == 1);
    e.set();
    CHECK(green::select(green::on_ready(e), green::on_receive(c, [](maybe) {})) == 0);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed in select has taken nothing and is in no queue any more") {
    green::queue<int> a, b;
    auto victim = green::spawn([&] {
        green::select(green::on_receive(a, [](int) {}), green::on_receive(b, [](int) {}));
    });
    green::yield();
    victim.kill();
    a.put(1), b.put(2);
    CHECK(a.get() == 1);
    CHECK(b.get() == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed after select has chosen loses nothing") {
    green::queue<int> a, b;
    int got = 0;
    auto victim = green::spawn([&] {
        green::select(green::on_receive(a, [&](int i) { got = i; }), green::on_receive(b, [&](int i) { got = i; }));
        green::yield();
        got = 0;
    });
    green::yield();
    b.put(2);
    victim.kill();
    CHECK(got == 2);
}

TEST_CASE_FIXTURE(support::virtual_time, "an outer timeout ends select and is not taken for a case") {
    green::channel<int> c;
    bool case_ran = false;
    CHECK(!green::with_timeout(1s, [&] {
        green::select(green::on_receive(c, [&](maybe) { case_ran = true; }),
                      green::on_timeout(1h, [&] { case_ran = true; }));
    }));
    CHECK(!case_ran);
}

TEST_CASE_FIXTURE(support::virtual_time, "in any order of execution no item is lost or doubled") {
    for (std::uint64_t round = 0; round < 100; ++round) {
        green::testing::seeded_order order(green::testing::seed() + round);
        green::channel<int> a, b;
        green::queue<int> q(1);
        int received = 0, sent = 0;
        std::vector<green::fiber<void>> fibers;
        for (int i = 0; i < 3; ++i) {
            fibers.push_back(green::spawn([&] {
                for (int n = 0; n < 5; ++n)
                    if (green::select(green::on_send(a, 1), green::on_send(b, 1), green::on_send(q, 1),
                                      green::on_timeout(1ms * n)) < 3)
                        ++sent;
            }));
            fibers.push_back(green::spawn([&] {
                for (int n = 0; n < 5; ++n)
                    green::select(green::on_receive(a, [&](maybe) { ++received; }),
                                  green::on_receive(b, [&](maybe) { ++received; }),
                                  green::on_receive(q, [&](int) { ++received; }), green::on_timeout(1ms * n));
            }));
        }
        for (auto& f : fibers) f.join();
        CHECK(static_cast<std::size_t>(sent) == static_cast<std::size_t>(received) + q.size());
    }
}

TEST_CASE_FIXTURE(support::leak_check, "selects of several threads exchange every item once") {
    green::channel<int> a, b;
    green::queue<int> q(2);
    constexpr int per_sender = 300;
    std::atomic<int> received{0};
    std::atomic<long> sum{0};
    green::event done;
    auto send_all = [&] {
        for (int i = 1; i <= per_sender;)
            if (green::select(green::on_send(a, i), green::on_send(b, i), green::on_send(q, i),
                              green::on_timeout(50us)) < 3)
                ++i;
    };
    auto receive_all = [&] {
        auto take = [&](int i) {
            sum += i;
            if (++received == 3 * per_sender) done.set();
        };
        while (!done.is_set())
            green::select(green::on_receive(a, [&](maybe i) { take(*i); }),
                          green::on_receive(b, [&](maybe i) { take(*i); }), green::on_receive(q, take),
                          green::on_ready(done), green::on_timeout(70us));
    };
    std::thread sender([&] {
        auto f = green::spawn(send_all);
        send_all();
        f.join();
    });
    std::thread receiver(receive_all);
    auto f = green::spawn(send_all);
    receive_all();
    f.join(), sender.join(), receiver.join();
    CHECK(received == 3 * per_sender);
    CHECK(sum == 3l * per_sender * (per_sender + 1) / 2);
}

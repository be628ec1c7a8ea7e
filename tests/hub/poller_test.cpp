// SPDX-License-Identifier: BSL-1.0
#include <green/hub/poller.h>

#include <green/green.h>

#include <support/build_variant.h>
#include <support/fixture.h>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

struct socket_pair {
    socket_pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0); }
    ~socket_pair() {
        for (int fd : ends)
            if (fd >= 0) green::close_fd(fd);
    }
    int close_one(int which) { return green::close_fd(std::exchange(ends[which], -1)); }
    void say(int which, const char* text) const {
        REQUIRE(write(ends[which], text, std::char_traits<char>::length(text)) > 0);
    }
    int ends[2];
};

struct poller_test : support::leak_check {
    socket_pair pair;
};

}  // namespace

TEST_CASE_FIXTURE(poller_test, "data wakes its reader, and only its reader") {
    socket_pair quiet;
    auto reader = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    auto other = green::spawn([&] { green::wait_readable(quiet.ends[0]); });
    green::yield();
    pair.say(1, "x");
    CHECK(reader.get());
    CHECK_FALSE(other.ended());
    other.kill();
}

TEST_CASE_FIXTURE(poller_test, "one fiber may read while another one writes") {
    auto reader = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    green::yield();
    CHECK(green::wait_writable(pair.ends[0]));
    CHECK_FALSE(reader.ended());
    pair.say(1, "x");
    CHECK(reader.get());
}

TEST_CASE_FIXTURE(poller_test, "a second reader is refused at once, and the first one is not disturbed") {
    auto first = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    auto second = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    second.join();
    REQUIRE(second.error());
    CHECK_THROWS_AS(second.get(), std::system_error);
    CHECK_FALSE(first.ended());
    pair.say(1, "x");
    CHECK(first.get());
}

TEST_CASE_FIXTURE(poller_test, "closing a descriptor wakes its waiters with bad_file_descriptor") {
    std::error_code seen;
    auto reader = green::spawn([&] {
        try {
            green::wait_readable(pair.ends[0]);
        } catch (const std::system_error& e) {
            seen = e.code();
        }
    });
    green::yield();
    CHECK(pair.close_one(0) == 0);
    reader.join();
    CHECK(seen == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(poller_test, "closing on another thread wakes the waiters here") {
    const int watched = pair.ends[0];
    auto reader = green::spawn([&] { green::wait_readable(watched); });
    green::yield();
    std::thread closer([&] { pair.close_one(0); });
    reader.join();
    closer.join();
    CHECK_THROWS_AS(reader.get(), std::system_error);
}

// As when the thread that closes is held up between what it tells the hubs and its close(2).
TEST_CASE_FIXTURE(poller_test, "who begins to wait while the descriptor is being closed finds out") {
    const int fd = std::exchange(pair.ends[0], -1);
    std::optional<green::detail::closing> under_way(std::in_place, fd, true);
    std::error_code read_error;
    auto reader = green::spawn([&] {
        char byte;
        green::read_some(fd, std::as_writable_bytes(std::span(&byte, 1)), read_error);
    });
    green::yield();
    REQUIRE(::close(fd) == 0);
    under_way.reset();
    CHECK(reader.join_for(10s));
    CHECK(read_error == std::errc::bad_file_descriptor);
}

// As when the thread that closes is held up right after its close(2), and the number goes to another descriptor.
TEST_CASE_FIXTURE(poller_test, "who waits for the next descriptor of the number is not taken for a waiter for the closed one") {
    const int fd = std::exchange(pair.ends[0], -1);
    std::optional<green::detail::closing> under_way(std::in_place, fd, true);
    REQUIRE(::close(fd) == 0);
    socket_pair fresh;
    REQUIRE(fresh.ends[0] == fd);
    auto reader = green::spawn([&] { return green::wait_readable(fd); });
    green::yield();
    under_way.reset();
    green::yield();
    fresh.say(1, "for you");
    CHECK(reader.get());
}

// ThreadSanitizer calls a close beside a read a race, as it is in a program that has no promise about it.
TEST_CASE_FIXTURE(poller_test, "whoever comes first, a reader or a thread that closes, the reader ends" *
                                   doctest::skip(support::with_thread_sanitizer)) {
    std::atomic<int> to_close = -1;
    std::atomic<bool> over = false;
    std::thread closer([&] {
        while (!over)
            if (const int fd = to_close.exchange(-1); fd >= 0) green::close_fd(fd);
    });
    int ended = 0;
    constexpr int rounds = 2000;
    for (int round = 0; round < rounds; ++round) {
        socket_pair fresh;
        const int fd = std::exchange(fresh.ends[0], -1);
        std::error_code error;
        auto reader = green::spawn([&] {
            char byte;
            green::read_some(fd, std::as_writable_bytes(std::span(&byte, 1)), error);
        });
        to_close = fd;
        const bool in_time = reader.join_for(10s);
        CAPTURE(error);
        if (in_time && error == std::errc::bad_file_descriptor)
            ++ended;
        else
            FAIL_CHECK("round ", round, in_time ? "" : ": it did not end");
        while (to_close >= 0) green::yield();
    }
    over = true;
    closer.join();
    CHECK(ended == rounds);
}

// By its owner, a library perhaps, with close(2).
TEST_CASE_FIXTURE(poller_test, "a number that was closed without a word can be waited for when it comes back") {
    const int number = pair.ends[0];
    for (int round = 0; round < 3; ++round) {
        auto reader = green::spawn([&] { return green::wait_readable(number, green::hub::current().deadline_after(10s)); });
        green::yield();
        pair.say(1, "x");
        CHECK(reader.get());
        for (int& end : pair.ends) ::close(end);
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.ends) == 0);
        REQUIRE(pair.ends[0] == number);
    }
}

TEST_CASE_FIXTURE(poller_test, "a number that was closed without a word, and a dup kept open, can be waited for when it comes back") {
    const int number = pair.ends[0];
    const int kept = dup(number);
    auto wait = [&] { return green::wait_readable(number, green::hub::current().deadline_after(10s)); };
    auto reader = green::spawn(wait);
    green::yield();
    pair.say(1, "x");
    CHECK(reader.get());
    ::close(number);
    socket_pair fresh;
    REQUIRE(fresh.ends[0] == number);
    pair.ends[0] = -1;
    reader = green::spawn(wait);
    green::yield();
    pair.say(1, "of the old one");
    green::sleep(1ms);
    CHECK_FALSE(reader.ended());
    fresh.say(1, "x");
    CHECK(reader.get());
    ::close(kept);
}

TEST_CASE_FIXTURE(poller_test, "a reused number never shows its data to the waiter for the old descriptor") {
    const int number = pair.ends[0];
    bool saw_data = false;
    auto old_waiter = green::spawn([&] { saw_data = green::wait_readable(number); });
    green::yield();
    pair.close_one(0);
    socket_pair fresh;
    REQUIRE((fresh.ends[0] == number || fresh.ends[1] == number));
    fresh.say(fresh.ends[0] == number ? 1 : 0, "not for you");
    auto new_waiter = green::spawn([&] { return green::wait_readable(number); });
    CHECK(new_waiter.get());
    old_waiter.join();
    CHECK_FALSE(saw_data);
    CHECK(old_waiter.error());
}

TEST_CASE_FIXTURE(poller_test, "a peer that hangs up wakes the reader") {
    auto reader = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    green::yield();
    pair.close_one(1);
    CHECK(reader.get());
}

TEST_CASE_FIXTURE(support::virtual_time, "a wait that ends by its deadline, or by a kill, leaves the descriptor free") {
    socket_pair pair;
    CHECK_FALSE(green::wait_readable(pair.ends[0], green::hub::current().deadline_after(1h)));
    auto killed = green::spawn([&] { green::wait_readable(pair.ends[0]); });
    green::yield();
    killed.kill();
    pair.say(1, "x");
    CHECK(green::wait_readable(pair.ends[0]));
}

TEST_CASE_FIXTURE(support::leak_check, "a regular file is always ready") {
    green::unique_fd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    CHECK(green::wait_readable(file.get()));
}

TEST_CASE_FIXTURE(support::leak_check, "waiting for what is not a descriptor is refused") {
    socket_pair pair;
    const int number = pair.ends[0];
    pair.close_one(0);
    CHECK_THROWS_AS(green::wait_readable(number), std::system_error);
    CHECK_THROWS_AS(green::wait_readable(-1), std::system_error);
}

namespace {

// A signal every millisecond, whose handler is not for restarting system calls.
class signal_storm {
  public:
    signal_storm() {
        struct sigaction counting {};
        counting.sa_handler = [](int) { ++count; };
        sigaction(SIGALRM, &counting, &before_);
        const itimerval every_millisecond{{0, 1000}, {0, 1000}};
        setitimer(ITIMER_REAL, &every_millisecond, nullptr);
    }
    ~signal_storm() {
        const itimerval stopped{};
        setitimer(ITIMER_REAL, &stopped, nullptr);
        std::signal(SIGALRM, SIG_IGN);  // for one that is still to be delivered
        sigaction(SIGALRM, &before_, nullptr);
    }
    inline static std::atomic<int> count{0};

  private:
    struct sigaction before_ {};
};

}  // namespace

TEST_CASE_FIXTURE(poller_test, "signals that arrive during waits end none of them, early or late") {
    signal_storm storm;
    const auto began = green::clock::now();
    auto reader = green::spawn([&] { return green::wait_readable(pair.ends[0]); });
    auto limited = green::spawn([&] { return green::wait_readable(pair.ends[1], began + 20ms); });
    green::sleep(30ms);
    CHECK(green::clock::now() - began >= 30ms);
    CHECK(green::clock::now() - began < 5s);
    // To a process that hardly runs, many are one.
    for (int i = 0; i < 100 && signal_storm::count <= 5; ++i) green::sleep(30ms);
    CHECK(signal_storm::count > 5);
    CHECK_FALSE(reader.ended());
    CHECK_FALSE(limited.get());
    pair.say(1, "x");
    CHECK(reader.get());
}

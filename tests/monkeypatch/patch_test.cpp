// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/patch.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace monkeypatch = green::monkeypatch;

namespace {

// What a program does that knows nothing of green.
int sleep_for(green::duration d) {
    const timespec wanted{static_cast<time_t>(d / 1s), static_cast<long>((d % 1s).count())};
    return ::nanosleep(&wanted, nullptr);
}

}  // namespace

TEST_CASE("what is patched can be asked for, and the original called all the same") {
    CHECK_FALSE(monkeypatch::is_patched("no_such_call"));
    CHECK_FALSE(monkeypatch::is_patched(""));
    monkeypatch::patch_all({.time = false});
    monkeypatch::patch_time();
    CHECK(monkeypatch::is_patched("nanosleep"));

    bool others_ran = false;
    auto other = green::spawn([&] { others_ran = true; });
    CHECK(monkeypatch::original<&::usleep>()(1000) == 0);
    CHECK_FALSE(others_ran);
    CHECK(::usleep(1000) == 0);
    CHECK(others_ran);
}

TEST_CASE_FIXTURE(support::virtual_time, "blocking sleeps run side by side, on the hub's clock") {
    monkeypatch::patch_all();
    std::string order;
    green::group sleepers;
    for (int i : {3, 1, 2})
        sleepers.spawn([&order, i] {
            ::sleep(static_cast<unsigned>(i));
            order += static_cast<char>('0' + i);
        });
    sleepers.join();
    CHECK(order == "123");
    CHECK(clock.elapsed() == 3s);
    CHECK(sleep_for(1h + 1ns) == 0);
    CHECK(clock.elapsed() == 1h + 3s + 1ns);
}

TEST_CASE_FIXTURE(support::virtual_time, "a moment on any clock comes on the hub's clock too") {
    monkeypatch::patch_all();
    for (clockid_t clock_id : {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME}) {
        const auto before = clock.elapsed();
        timespec until{};
        ::clock_gettime(clock_id, &until);
        until.tv_sec += 100;
        CHECK(::clock_nanosleep(clock_id, TIMER_ABSTIME, &until, nullptr) == 0);
        CHECK(clock.elapsed() - before > 99s);
        CHECK(clock.elapsed() - before < 101s);
    }
}

TEST_CASE_FIXTURE(support::virtual_time, "polls and calls with a time limit wait on the hub's clock") {
    monkeypatch::patch_all();
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    green::duration expected{};
    auto takes = [&](const char* what, green::duration how_long, auto call) {
        INFO(what);
        call();
        expected += how_long;
        CHECK(clock.elapsed() == expected);
    };
    pollfd wanted{ends[0], POLLIN, 0};
    const timespec hour{3600, 0};
    takes("poll", 1h, [&] { CHECK(::poll(&wanted, 1, 3'600'000) == 0); });
    takes("poll of nothing", 1h, [&] { CHECK(::poll(nullptr, 0, 3'600'000) == 0); });
    takes("ppoll", 1h, [&] { CHECK(::ppoll(&wanted, 1, &hour, nullptr) == 0); });
    takes("select", 1h, [&] {
        timeval limit{3600, 0};
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(ends[0], &reading);
        CHECK(::select(ends[0] + 1, &reading, nullptr, nullptr, &limit) == 0);
        CHECK(limit.tv_sec + limit.tv_usec == 0);
    });
    takes("pselect", 1h, [&] { CHECK(::pselect(0, nullptr, nullptr, nullptr, &hour, nullptr) == 0); });
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {}};
    REQUIRE(::epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
    takes("epoll_wait", 1h, [&] { CHECK(::epoll_wait(epoll, &event, 1, 3'600'000) == 0); });
    takes("epoll_pwait2", 1h, [&] { CHECK(::epoll_pwait2(epoll, &event, 1, &hour, nullptr) == 0); });
    takes("recv with a time limit", 1h, [&] {
        char c;
        const timeval limit{3600, 0};
        REQUIRE(::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
        CHECK(::recv(ends[0], &c, 1, 0) == -1);
        CHECK(errno == EAGAIN);
    });
    takes("sigtimedwait", 1h, [&] {
        sigset_t none;
        sigemptyset(&none);
        CHECK(::sigtimedwait(&none, nullptr, &hour) == -1);
    });

    auto answer = green::spawn_after(30min, [&] { CHECK(::send(ends[1], "x", 1, 0) == 1); });
    takes("poll of what comes in between", 30min, [&] { CHECK(::poll(&wanted, 1, 3'600'000) == 1); });
    for (int fd : {ends[0], ends[1], epoll}) ::close(fd);
}

TEST_CASE_FIXTURE(support::virtual_time, "a killed fiber's calls fail, and its next C++ wait throws") {
    monkeypatch::patch_all();
    std::string seen;
    auto fiber = green::spawn([&] {
        timespec left{};
        const timespec wanted{10, 0};
        if (::nanosleep(&wanted, &left) == -1 && errno == ECANCELED) seen += "nanosleep ";
        if (left.tv_sec == 6) seen += "left ";
        if (::sleep(5) == 0 && errno == ECANCELED) seen += "sleep ";
        if (::usleep(5) == -1 && errno == ECANCELED) seen += "usleep ";
        if (::thrd_sleep(&wanted, &left) == -2 && left.tv_sec == 10) seen += "thrd_sleep ";
        if (::clock_nanosleep(CLOCK_REALTIME, 0, &wanted, nullptr) == ECANCELED) seen += "clock ";
        try {
            green::sleep(1s);
        } catch (const green::fiber_exit&) {
            seen += "thrown ";
            throw;
        }
    });
    green::sleep(4s);
    fiber.kill();
    CHECK(seen == "nanosleep left sleep usleep thrd_sleep clock thrown ");
    CHECK(fiber.was_killed());
    CHECK(clock.elapsed() == 4s);
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout reaches the call, and nothing is thrown through it") {
    monkeypatch::patch_all();
    int error = 0;
    CHECK_FALSE(green::with_timeout(2s, [&] {
        error = sleep_for(1h) == -1 ? errno : 0;
        green::yield();
    }));
    CHECK(error == ECANCELED);
    CHECK(clock.elapsed() == 2s);
    CHECK(green::with_timeout(2s, [] { ::sleep(1); }));
    CHECK(sleep_for(1s) == 0);  // the timeout is over
    CHECK(clock.elapsed() == 4s);
}

TEST_CASE_FIXTURE(support::virtual_time, "in a shield calls wait to their end, also those after the kill") {
    monkeypatch::patch_all();
    int result = -1, again = -1;
    auto fiber = green::spawn([&] {
        green::shield([&] {
            result = sleep_for(5s);
            again = sleep_for(2s);
        });
        green::sleep(1h);
    });
    green::sleep(1s);
    fiber.kill();
    CHECK(result == 0);
    CHECK(again == 0);
    CHECK(clock.elapsed() == 7s);
}

TEST_CASE_FIXTURE(support::leak_check, "errno survives a wait") {
    monkeypatch::patch_all();
    auto other = green::spawn([] { errno = ENOTTY; });
    errno = EDOM;
    CHECK(::usleep(100) == 0);
    CHECK(errno == EDOM);
    other.join();
}

TEST_CASE_FIXTURE(support::leak_check, "a cancelled fiber that goes on calling does not keep the processor") {
    monkeypatch::patch_all();
    bool stop = false;
    long calls = 0;
    auto fiber = green::spawn([&] {
        for (; !stop; ++calls) ::usleep(1'000'000);
    });
    green::yield();
    fiber.kill_soon();
    green::sleep(2ms);
    stop = true;
    fiber.join();
    CHECK(calls > 1);
}

TEST_CASE_FIXTURE(support::leak_check, "on a hub's own context, and on threads without a hub, it is libc's call") {
    monkeypatch::patch_all();
    green::event called;
    int result = -1;
    green::hub::current().call_soon([&] {
        result = ::usleep(100);
        called.set();
    });
    called.wait();
    CHECK(result == 0);

    bool has_hub = true;
    std::thread([&] {
        ::usleep(100);
        has_hub = green::hub::current_or_null() != nullptr;
    }).join();
    CHECK_FALSE(has_hub);
}

TEST_CASE_FIXTURE(support::leak_check, "waiting for a signal parks, and a timeout ends it") {
    monkeypatch::patch_all();
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    auto ended_by_timeout = [](const char* what, auto error_of_call) {
        INFO(what);
        int error = 0;
        CHECK_FALSE(green::with_timeout(2ms, [&] {
            error = error_of_call();
            green::yield();
        }));
        CHECK(error == ECANCELED);
    };
    int number = 0;
    siginfo_t facts;
    ended_by_timeout("sigwait", [&] { return ::sigwait(&set, &number); });
    ended_by_timeout("sigwaitinfo", [&] { return ::sigwaitinfo(&set, &facts) < 0 ? errno : 0; });
    ended_by_timeout("sigtimedwait", [&] { return ::sigtimedwait(&set, &facts, nullptr) < 0 ? errno : 0; });
    ended_by_timeout("pause", [] { return ::pause() < 0 ? errno : 0; });
    ended_by_timeout("sigsuspend", [&] { return ::sigsuspend(&set) < 0 ? errno : 0; });
    ::pthread_kill(::pthread_self(), SIGUSR1);
    CHECK(::sigwait(&set, &number) == 0);
    CHECK(number == SIGUSR1);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// SPDX-License-Identifier: BSL-1.0
#include <green/sys/calls.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <string_view>
#include <thread>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace sys = green::sys;

TEST_CASE("reading and writing go to the kernel, and failures say why") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK(sys::write(ends[1], "hello", 5) == 5);
    char buffer[16];
    REQUIRE(sys::read(ends[0], buffer, sizeof buffer) == 5);
    CHECK(std::string_view(buffer, 5) == "hello");
    CHECK(sys::close(ends[0]) == 0);
    CHECK(sys::close(ends[1]) == 0);
    errno = 0;
    CHECK(sys::read(ends[0], buffer, sizeof buffer) == -1);
    CHECK(errno == EBADF);
}

TEST_CASE("thread_count() counts the threads that there are") {
    std::thread([] {}).join();  // ThreadSanitizer starts one of its own with the first
    const int before = sys::thread_count();
    CHECK(before >= 1);
    std::thread([&] {
        CHECK(sys::thread_count() == before + 1);
        std::thread([&] { CHECK(sys::thread_count() == before + 2); }).join();
    }).join();
}

TEST_CASE("poll_now() looks and does not wait") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    short seen = 0;
    CHECK(sys::poll_now(ends[0], POLLIN, seen) == 0);
    CHECK(sys::write(ends[1], "x", 1) == 1);
    CHECK(sys::poll_now(ends[0], POLLIN, seen) == 1);
    CHECK((seen & POLLIN) != 0);
    sys::close(ends[0]);
    sys::close(ends[1]);
}

TEST_CASE("epoll_wait() keeps a timeout below a millisecond, and one of zero") {
    const int epoll = sys::epoll_create();
    REQUIRE(epoll >= 0);
    epoll_event event;
    timespec timeout{0, 100'000};
    CHECK(sys::epoll_wait(epoll, &event, 1, &timeout) == 0);
    timeout = {};
    CHECK(sys::epoll_wait(epoll, &event, 1, &timeout) == 0);
    const int wake = sys::eventfd();
    epoll_event wanted{EPOLLIN, {.u64 = 42}};
    REQUIRE(sys::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &wanted) == 0);
    const std::uint64_t one = 1;
    REQUIRE(sys::write(wake, &one, sizeof one) == sizeof one);
    CHECK(sys::epoll_wait(epoll, &event, 1, nullptr) == 1);
    CHECK(+event.data.u64 == 42);  // +: epoll_event is packed
    sys::close(wake);
    sys::close(epoll);
}

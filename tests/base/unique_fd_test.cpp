// SPDX-License-Identifier: BSL-1.0
#include <green/base/unique_fd.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace {
bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}
int open_something() {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
}  // namespace

TEST_CASE("a descriptor is closed with its owner") {
    int number;
    {
        green::unique_fd fd(open_something());
        number = fd.get();
        REQUIRE(is_open(number));
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("moving hands the descriptor over and closes the one before") {
    green::unique_fd one(open_something()), other(open_something());
    const int first = one.get(), second = other.get();
    one = std::move(other);
    CHECK_FALSE(is_open(first));
    CHECK(one.get() == second);
    CHECK_FALSE(other);
    CHECK(is_open(second));
}

TEST_CASE("a released descriptor stays open") {
    int number;
    {
        green::unique_fd fd(open_something());
        number = fd.release();
        CHECK_FALSE(fd);
    }
    REQUIRE(is_open(number));
    close(number);
}

TEST_CASE("closing leaves nothing to close again") {
    green::unique_fd fd(open_something());
    const int number = fd.get();
    fd.reset();
    CHECK_FALSE(is_open(number));
    CHECK(fd.get() == -1);
    fd.reset();
}

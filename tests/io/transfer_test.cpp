// SPDX-License-Identifier: BSL-1.0
// Reading and writing bare descriptors: pipes, and sockets of a pair.
#include <doctest/doctest.h>

#include <support/fixture.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/io/fd_wait.h>
#include <green/io/transfer.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct two_ends : support::leak_check {
    explicit two_ends(bool is_pipe = false) {
        const int made = is_pipe ? pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC)
                                 : socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data());
        REQUIRE(made == 0);
    }
    ~two_ends() {
        for (int fd : fds)
            if (fd >= 0) green::close_fd(fd);
    }
    void close(std::size_t which) { green::close_fd(std::exchange(fds[which], -1)); }
    std::size_t read(std::size_t limit = 100) {
        return green::read_some(fds[0], std::span(buffer).first(limit), error);
    }

    std::array<int, 2> fds{-1, -1};
    std::array<std::byte, 100> buffer{};
    std::error_code error;
};
struct pipe_ends : two_ends {
    pipe_ends() : two_ends(true) {}
};
struct packet_ends : pipe_ends {  // pipe(2): each read takes what one write has put in
    packet_ends() {
        for (int fd : fds) REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECT) == 0);
    }
};

}  // namespace

TEST_CASE_FIXTURE(two_ends, "a transfer that succeeds clears the error of the one before") {
    for (int round = 0; round < 2; ++round) {  // the first one makes the descriptors known
        error = std::make_error_code(std::errc::timed_out);
        CHECK(green::send_some(fds[1], buffer, error) == buffer.size());
        CHECK(!error);
        error = std::make_error_code(std::errc::timed_out);
        CHECK(green::receive_some(fds[0], buffer, error) == buffer.size());
        CHECK(!error);
    }
}

TEST_CASE_FIXTURE(two_ends, "a reader that has just had all it asked for waits for more") {
    REQUIRE(green::send_some(fds[1], buffer, error) == buffer.size());
    REQUIRE(green::receive_some(fds[0], buffer, error) == buffer.size());
    auto reader = green::spawn([&] { return green::receive_some(fds[0], buffer, error); });
    green::yield();
    CHECK(reader.state() == green::fiber_state::parked);
    REQUIRE(green::send_some(fds[1], std::span(buffer).first(7), error) == 7);
    CHECK(reader.get() == 7);
    CHECK(!error);
}

TEST_CASE_FIXTURE(pipe_ends, "what is no socket is written all the same, and not sent") {
    CHECK(green::write_some(fds[1], buffer, error) == buffer.size());
    CHECK(!error);
    CHECK(read() == buffer.size());
    CHECK(green::send_some(fds[1], buffer, error) == 0);
    CHECK(error == std::errc::not_a_socket);
}

TEST_CASE_FIXTURE(pipe_ends, "a reader of what has enough lets others run") {
    const std::array<std::byte, 4096> plenty{};
    REQUIRE(green::write_some(fds[1], plenty, error) == plenty.size());
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    std::size_t reads = 0;
    while (!other_ran && reads < plenty.size()) reads += read(1);
    CHECK(reads < plenty.size());
    other.join();
}

TEST_CASE_FIXTURE(pipe_ends, "a writer to what has room enough lets others run") {
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    std::size_t writes = 0;
    while (!other_ran && writes < 4096) writes += green::write_some(fds[1], std::span(buffer).first(1), error);
    CHECK(writes < 4096);
    other.join();
}

TEST_CASE_FIXTURE(two_ends, "a writer waits where there is no room, and its data arrives once") {
    const std::vector<std::byte> much(4 * 1024 * 1024);
    auto writer = green::spawn([&] {
        std::error_code failure;
        for (std::size_t done = 0; done < much.size() && !failure;)
            done += green::send_some(fds[1], std::span(much).subspan(done), failure);
        close(1);
        return failure;
    });
    std::size_t arrived = 0;
    while (std::size_t count = read()) arrived += count;
    CHECK(!error);
    CHECK(!writer.get());
    CHECK(arrived == much.size());
}

TEST_CASE_FIXTURE(two_ends, "a try that fails says why, and no signal is raised") {
    close(0);
    CHECK(green::send_some(fds[1], buffer, error) == 0);
    CHECK(error == std::errc::broken_pipe);
    CHECK(green::receive_some(-1, buffer, error) == 0);
    CHECK(error == std::errc::bad_file_descriptor);
    CHECK(green::write_some(-1, buffer, error) == 0);
    CHECK(error == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(pipe_ends, "the end of a pipe is no error, and stays") {
    REQUIRE(green::write_some(fds[1], std::span(buffer).first(1), error) == 1);
    close(1);
    CHECK(read() == 1);
    CHECK(read() == 0);
    CHECK(read() == 0);
    CHECK(!error);
}

TEST_CASE_FIXTURE(packet_ends, "a read that ends short need not have read all there is") {
    auto reader = green::spawn([&] { return read(); });
    green::yield();  // it waits: the pipe is registered
    for (std::size_t size : {3, 5}) REQUIRE(write(fds[1], buffer.data(), size) == static_cast<ssize_t>(size));
    CHECK(reader.get() == 3);
    CHECK(green::read_some(fds[0], buffer, error, green::clock::now() + std::chrono::seconds(10)) == 5);
    CHECK(!error);
}

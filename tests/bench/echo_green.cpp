// SPDX-License-Identifier: BSL-1.0
// The echo bench's server on green: one fiber per connection, written the way a user would write it.
//
//     echo-green [--port N]       run by tests/bench/run; see echo_server.h for what it prints
//
// --edge is accepted and means nothing: green's registrations always are edge-triggered.
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>
#include <green/green.h>

#include "echo_server.h"

namespace {

constexpr std::size_t buffer_size_bytes = 4096;
constexpr std::size_t stack_size_bytes = 32 * 1024;

bool write_all(int fd, std::span<const std::byte> data) {
    std::error_code error;
    while (!data.empty() && !error) data = data.subspan(green::write_some(fd, data, error));
    return !error;
}

void serve(int fd) {
    std::array<std::byte, buffer_size_bytes> buffer;
    std::error_code error;
    while (std::size_t size = green::read_some(fd, buffer, error)) {
        bench::tallies.echoed_bytes.add(size);
        if (!write_all(fd, std::span(buffer).first(size))) break;
    }
    green::close_fd(fd, /*may_be_shared=*/false);
}

}  // namespace

int main(int count, char** words) {
    bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    int listener = bench::listen_and_announce(options);
    for (;;) {
        int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            bench::tallies.connections.add();
            green::spawn({.stack_size_bytes = stack_size_bytes}, serve, fd);
        } else if (errno == EAGAIN) {
            green::wait_readable(listener);
        } else if (errno != ECONNABORTED) {
            bench::fail("accept4");
        }
    }
}

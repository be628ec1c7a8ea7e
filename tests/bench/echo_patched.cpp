// SPDX-License-Identifier: BSL-1.0
// The echo bench's server with plain accept, recv and send on blocking sockets, one fiber per connection, under the
// patch: what somebody else's blocking code costs.
//
//     echo-patched [--port N]     run by tests/bench/echo-bench; see echo_server.h for what it prints
//
// --edge is accepted and means nothing.
#include <cstddef>
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <fcntl.h>

#include "echo_server.h"

namespace {

// As echo_green.cpp's.
constexpr std::size_t buffer_size_bytes = 1024;
constexpr std::size_t stack_size_bytes = 64 * 1024;

void serve(int fd) {
    char buffer[buffer_size_bytes];
    for (ssize_t size; (size = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        bench::tallies.echoed_bytes.add(static_cast<std::uint64_t>(size));
        if (::send(fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) break;
    }
    ::close(fd);
}

}  // namespace

int main(int count, char** words) {
    const bench::server_options options = bench::parse_server_options(count, words);
    bench::report_on_termination();
    green::monkeypatch::patch_all();
    const int listener = bench::listen_and_announce(options);
    ::fcntl(listener, F_SETFL, 0);  // it was made for loops that never block
    for (;;) {
        const int fd = ::accept(listener, nullptr, nullptr);
        if (fd < 0) bench::fail("accept");
        bench::tallies.connections.add();
        green::spawn({.stack_size_bytes = stack_size_bytes}, [fd] { serve(fd); });
    }
}

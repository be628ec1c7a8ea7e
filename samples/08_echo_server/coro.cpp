// SPDX-License-Identifier: BSL-1.0
// An echo server, and three clients that talk to it at the same time.
//
//     build/samples/08_echo_server-coro
//
// Server and clients are tasks of one thread. A task serves one connection from its first byte to its last, with its
// state in local variables. You will see what the clients said come back to them.
#include <green/green.h>

#include <array>
#include <cstdio>
#include <string>

namespace coro = green::coro;

coro::task<void> serve(green::tcp_stream peer) {
    std::array<std::byte, 1024> buffer;
    while (std::size_t size = co_await coro::read_some(peer, buffer))
        co_await coro::write_all(peer, std::span(buffer).first(size));
}

coro::task<void> accept_all(green::tcp_listener& listener) {
    for (;;) coro::spawn(serve(co_await coro::accept(listener)));
}

coro::task<std::string> ask(green::endpoint where, std::string line) {
    green::tcp_stream server = co_await coro::connect(where);
    co_await coro::write_all(server, line + '\n');
    std::string answer;
    answer.resize(co_await coro::read_until(server, answer, "\n"));
    co_return answer;
}

coro::task<void> run() {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto server = coro::spawn(accept_all(listener));

    auto [a, b, c] =
        co_await coro::when_all(ask(listener.local_endpoint(), "one"), ask(listener.local_endpoint(), "two"),
                                ask(listener.local_endpoint(), "three"));
    std::printf("%s%s%s", a.c_str(), b.c_str(), c.c_str());
    co_await server.kill();
}

int main() {
    green::block_on(run());
}

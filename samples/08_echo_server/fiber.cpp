// SPDX-License-Identifier: BSL-1.0
// An echo server, and three clients that talk to it at the same time.
//
//     build/samples/08_echo_server-fiber
//
// Server and clients are fibers of one thread. A fiber serves one connection from its first byte to its last, with its
// state in local variables. You will see what the clients said come back to them.
#include <green/green.h>

#include <array>
#include <cstdio>
#include <string>

void serve(green::tcp_stream peer) {
    std::array<std::byte, 1024> buffer;
    while (std::size_t size = peer.read_some(buffer)) green::write_all(peer, std::span(buffer).first(size));
}

void accept_all(green::tcp_listener& listener) {
    for (;;) green::spawn(serve, listener.accept());
}

std::string ask(green::endpoint where, std::string line) {
    green::tcp_stream server = green::connect(where);
    green::write_all(server, line + '\n');
    std::string answer;
    answer.resize(green::read_until(server, answer, "\n"));
    return answer;
}

int main() {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto server = green::spawn([&] { accept_all(listener); });

    auto a = green::spawn(ask, listener.local_endpoint(), "one");
    auto b = green::spawn(ask, listener.local_endpoint(), "two");
    auto c = green::spawn(ask, listener.local_endpoint(), "three");
    std::printf("%s%s%s", a.get().c_str(), b.get().c_str(), c.get().c_str());
    server.kill();
}

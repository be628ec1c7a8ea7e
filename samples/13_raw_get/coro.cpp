// SPDX-License-Identifier: BSL-1.0
// An HTTP request by hand over a connection: what is written, and what comes back.
//
//     build/samples/13_raw_get-coro [HOST [PORT]]
//
// Without HOST it asks a server of its own, on another task of the same thread. You will see the answer as it came,
// its header first.
#include <green/green.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>

namespace coro = green::coro;

coro::task<std::string> raw_get(std::string host, std::string port) {
    green::tcp_stream server = co_await coro::connect(host, port);
    co_await coro::write_all(server, "GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n");
    std::string answer;
    std::array<std::byte, 4096> piece;
    while (std::size_t size = co_await coro::read_some(server, piece))
        answer.append(reinterpret_cast<const char*>(piece.data()), size);
    co_return answer;
}

coro::task<void> answer_one(green::tcp_listener& listener) {
    green::tcp_stream client = co_await coro::accept(listener);
    std::string request;
    co_await coro::read_until(client, request, "\r\n\r\n");
    co_await coro::write_all(client, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello, world\n");
}

int main(int count, char** words) try {
    if (count > 1) {
        std::fputs(green::block_on(raw_get(words[1], count > 2 ? words[2] : "http")).c_str(), stdout);
        return 0;
    }
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto server = coro::spawn(answer_one(listener));
    std::fputs(green::block_on(raw_get("localhost", std::to_string(listener.local_endpoint().port))).c_str(), stdout);
    green::block_on(server);
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

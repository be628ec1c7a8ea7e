// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with stackful coroutines (spawn() over Boost.Context): serving. Stacks as small as green's; errors as
// values.
#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "asio_serving.h"
#include "beast_hello.h"
#include "peer.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using yield = asio::basic_yield_context<peer::executor>;

constexpr std::size_t stack_size_bytes = 64 * 1024;

template <class Function>
void start(Function function) {
    asio::spawn(peer::context().get_executor(), std::allocator_arg, boost::context::fixedsize_stack(stack_size_bytes),
                std::move(function), asio::detached);
}

void echo(peer::tcp_socket& socket, yield wait) {
    std::array<char, peer::buffer_size_bytes> buffer;
    for (error_code error;;) {
        const std::size_t size = socket.async_read_some(asio::buffer(buffer), wait[error]);
        if (error) return;
        asio::async_write(socket, asio::buffer(buffer, size), wait[error]);
        if (error) return;
    }
}

void serve_http(peer::tcp_socket& socket, yield wait) {
    boost::beast::flat_buffer buffer;
    for (error_code error;;) {
        peer::hello_request request;
        http::async_read(socket, buffer, request, wait[error]);
        if (error) return;
        const peer::hello_answer answer = peer::answer_to(request);
        http::async_write(socket, answer, wait[error]);
        if (error || !answer.keep_alive()) return;
    }
}

struct proxied {
    peer::tcp_socket client, server;
};

// Both are closed when neither direction waits any more.
void pass_on(const std::shared_ptr<proxied>&, peer::tcp_socket& from, peer::tcp_socket& to, yield wait) {
    std::array<char, peer::buffer_size_bytes> buffer;
    error_code error;
    for (;;) {
        const std::size_t size = from.async_read_some(asio::buffer(buffer), wait[error]);
        if (error) break;
        asio::async_write(to, asio::buffer(buffer, size), wait[error]);
        if (error) break;
    }
    to.shutdown(asio::socket_base::shutdown_send, error);
}

void proxy(peer::tcp_socket& client, std::uint16_t upstream, yield wait) {
    peer::tcp_socket server(client.get_executor());
    server.open(asio::ip::tcp::v4());
    server.set_option(asio::ip::tcp::no_delay(true));
    error_code error;
    server.async_connect({asio::ip::address_v4::loopback(), upstream}, wait[error]);
    if (error) return;
    auto both = std::make_shared<proxied>(proxied{std::move(client), std::move(server)});
    start([both](yield other) { pass_on(both, both->server, both->client, other); });
    pass_on(both, both->client, both->server, wait);
}

void mixed(peer::tcp_socket& socket, yield wait) {
    peer::timer timer(socket.get_executor());
    std::string text;
    for (error_code error;;) {
        const std::size_t size = asio::async_read_until(socket, asio::dynamic_buffer(text), '\n', wait[error]);
        if (error) return;
        const bool is_slow = text.compare(0, size, "slow\n") == 0;
        text.erase(0, size);
        if (is_slow) {
            timer.expires_after(peer::slow_wait);
            timer.async_wait(wait);
            peer::compute();
        }
        asio::async_write(socket, asio::buffer(peer::mixed_answer), wait[error]);
        if (error) return;
    }
}

template <class Serve>
void serve_each(Serve serve) {
    auto acceptor = peer::listen();
    start([&](yield wait) {
        for (;;) {
            error_code error;
            auto accepted = acceptor.async_accept(wait[error]);
            if (error) continue;
            start([serve, socket = std::move(accepted)](yield wait) mutable { serve(socket, wait); });
        }
    });
    peer::context().run();
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
    {"http", [](const peer::request&) { serve_each(serve_http); }},
    {"proxy",
     [](const peer::request& wanted) {
         serve_each([upstream = wanted.port("upstream")](peer::tcp_socket& client, yield wait) {
             proxy(client, upstream, wait);
         });
     }},
    {"mixed", [](const peer::request&) { serve_each(mixed); }},
};

}  // namespace

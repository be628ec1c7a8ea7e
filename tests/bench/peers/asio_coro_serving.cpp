// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with C++20 coroutines: serving. Errors as values, not as exceptions.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

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
using task = asio::awaitable<void, peer::executor>;

constexpr asio::use_awaitable_t<peer::executor> awaited;

task echo(peer::tcp_socket socket) {
    std::array<char, peer::buffer_size_bytes> buffer;
    for (error_code error;;) {
        const std::size_t size =
            co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(awaited, error));
        if (error) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, size), asio::redirect_error(awaited, error));
        if (error) co_return;
    }
}

task serve_http(peer::tcp_socket socket) {
    boost::beast::flat_buffer buffer;
    for (error_code error;;) {
        peer::hello_request request;
        co_await http::async_read(socket, buffer, request, asio::redirect_error(awaited, error));
        if (error) co_return;
        const peer::hello_answer answer = peer::answer_to(request);
        co_await http::async_write(socket, answer, asio::redirect_error(awaited, error));
        if (error || !answer.keep_alive()) co_return;
    }
}

struct proxied {
    peer::tcp_socket client, server;
};

// Both are closed when neither direction waits any more.
task pass_on([[maybe_unused]] std::shared_ptr<proxied> both, peer::tcp_socket& from, peer::tcp_socket& to) {
    std::array<char, peer::buffer_size_bytes> buffer;
    error_code error;
    for (;;) {
        const std::size_t size =
            co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(awaited, error));
        if (error) break;
        co_await asio::async_write(to, asio::buffer(buffer, size), asio::redirect_error(awaited, error));
        if (error) break;
    }
    to.shutdown(asio::socket_base::shutdown_send, error);
}

task proxy(peer::tcp_socket client, std::uint16_t upstream) {
    peer::tcp_socket server(client.get_executor());
    server.open(asio::ip::tcp::v4());
    server.set_option(asio::ip::tcp::no_delay(true));
    error_code error;
    co_await server.async_connect({asio::ip::address_v4::loopback(), upstream}, asio::redirect_error(awaited, error));
    if (error) co_return;
    auto both = std::make_shared<proxied>(proxied{std::move(client), std::move(server)});
    asio::co_spawn(both->client.get_executor(), pass_on(both, both->server, both->client), asio::detached);
    co_await pass_on(both, both->client, both->server);
}

task mixed(peer::tcp_socket socket) {
    peer::timer timer(socket.get_executor());
    std::string text;
    for (error_code error;;) {
        const std::size_t size = co_await asio::async_read_until(socket, asio::dynamic_buffer(text), '\n',
                                                                 asio::redirect_error(awaited, error));
        if (error) co_return;
        const bool is_slow = text.compare(0, size, "slow\n") == 0;
        text.erase(0, size);
        if (is_slow) {
            timer.expires_after(peer::slow_wait);
            co_await timer.async_wait(awaited);
            peer::compute();
        }
        co_await asio::async_write(socket, asio::buffer(peer::mixed_answer), asio::redirect_error(awaited, error));
        if (error) co_return;
    }
}

template <class Serve>
task accept_all(peer::tcp_acceptor& acceptor, Serve serve) {
    for (;;) {
        error_code error;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(awaited, error));
        if (!error) asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
    }
}

template <class Serve>
void serve_each(Serve serve) {
    auto acceptor = peer::listen();
    asio::co_spawn(acceptor.get_executor(), accept_all(acceptor, serve), asio::detached);
    peer::context().run();
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(echo); }},
    {"http", [](const peer::request&) { serve_each(serve_http); }},
    {"proxy",
     [](const peer::request& wanted) {
         serve_each([upstream = wanted.port("upstream")](peer::tcp_socket client) {
             return proxy(std::move(client), upstream);
         });
     }},
    {"mixed", [](const peer::request&) { serve_each(mixed); }},
};

}  // namespace

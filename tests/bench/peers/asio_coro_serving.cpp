// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with C++20 coroutines: serving. Errors as values, not as exceptions.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

#include "asio_serving.h"
#include "peer.h"

namespace {

namespace asio = boost::asio;
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
};

}  // namespace

// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with stackful coroutines (spawn() over Boost.Context): serving. Stacks as small as green's; errors as values.
#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include <array>
#include <memory>
#include <utility>

#include "asio_serving.h"
#include "peer.h"

namespace {

namespace asio = boost::asio;
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
};

}  // namespace

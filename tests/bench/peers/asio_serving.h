// SPDX-License-Identifier: BSL-1.0
// What the three programs on Boost.Asio share: one thread without locks, and sockets and timers that name the
// io_context's executor itself, which saves the indirect calls of any_io_executor.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>

#include "serving.h"

namespace peer {

namespace asio = boost::asio;

using executor = asio::io_context::executor_type;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

// BOOST_ASIO_CONCURRENCY_HINT_UNSAFE: nobody but one thread touches it, signals and resolvers are not used.
inline asio::io_context& context() {
    static asio::io_context only(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    return only;
}

inline tcp_acceptor listen() {
    tcp_acceptor acceptor(context());
    acceptor.open(asio::ip::tcp::v4());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.set_option(asio::ip::tcp::no_delay(true));  // inherited by what is accepted
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    acceptor.listen(backlog_count);
    announce(acceptor.local_endpoint().port());
    return acceptor;
}

}  // namespace peer

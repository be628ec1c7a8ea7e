// SPDX-License-Identifier: BSL-1.0
// What the serving parts of the three programs on Boost.Asio share; see asio_base.h.
#pragma once

#include "asio_base.h"
#include "serving.h"

namespace peer {

namespace asio = boost::asio;

using asio_base::executor;
using asio_base::timer;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

inline asio::io_context& context() {
    static asio_base::own_loop only;
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

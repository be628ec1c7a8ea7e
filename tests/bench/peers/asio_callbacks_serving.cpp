// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with callbacks: serving. A session per connection that is kept alive by the callback it waits for.
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <utility>

#include "asio_serving.h"
#include "peer.h"

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class echo_session : public std::enable_shared_from_this<echo_session> {
  public:
    explicit echo_session(peer::tcp_socket socket) : socket_(std::move(socket)) {}
    void start() {
        socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
            if (!error) self->answer(size);
        });
    }

  private:
    void answer(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_, size), [self = shared_from_this()](error_code error, std::size_t) {
            if (!error) self->start();
        });
    }

    peer::tcp_socket socket_;
    std::array<char, peer::buffer_size_bytes> buffer_;
};

template <class Session>
void accept_next(peer::tcp_acceptor& acceptor) {
    acceptor.async_accept([&acceptor](error_code error, peer::tcp_socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket))->start();
        accept_next<Session>(acceptor);
    });
}

template <class Session>
void serve_each(const peer::request&) {
    auto acceptor = peer::listen();
    accept_next<Session>(acceptor);
    peer::context().run();
}

const peer::workloads here{
    {"echo", serve_each<echo_session>},
};

}  // namespace

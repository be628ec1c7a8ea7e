// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with callbacks: serving. A session per connection that is kept alive by the callback it waits for.
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "asio_serving.h"
#include "beast_hello.h"
#include "peer.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
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
        asio::async_write(socket_, asio::buffer(buffer_, size),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->start();
                          });
    }

    peer::tcp_socket socket_;
    std::array<char, peer::buffer_size_bytes> buffer_;
};

class http_session : public std::enable_shared_from_this<http_session> {
  public:
    explicit http_session(peer::tcp_socket socket) : socket_(std::move(socket)) {}
    void start() {
        request_ = {};
        http::async_read(socket_, buffer_, request_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!error) self->answer();
        });
    }

  private:
    void answer() {
        answer_.emplace(peer::answer_to(request_));
        http::async_write(socket_, *answer_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!error && self->answer_->keep_alive()) self->start();
        });
    }

    peer::tcp_socket socket_;
    boost::beast::flat_buffer buffer_;
    peer::hello_request request_;
    std::optional<peer::hello_answer> answer_;
};

class proxy_session : public std::enable_shared_from_this<proxy_session> {
  public:
    explicit proxy_session(peer::tcp_socket socket)
        : client_{std::move(socket), {}}, server_{peer::tcp_socket(peer::context()), {}} {}
    void start(std::uint16_t upstream) {
        server_.socket.open(asio::ip::tcp::v4());
        server_.socket.set_option(asio::ip::tcp::no_delay(true));
        server_.socket.async_connect({asio::ip::address_v4::loopback(), upstream},
                                     [self = shared_from_this()](error_code error) {
                                         if (error) return;
                                         self->pass_on(self->client_, self->server_);
                                         self->pass_on(self->server_, self->client_);
                                     });
    }

  private:
    struct side {
        peer::tcp_socket socket;
        std::array<char, peer::buffer_size_bytes> read;
    };

    void pass_on(side& from, side& to) {
        from.socket.async_read_some(asio::buffer(from.read),
                                    [this, &from, &to, self = shared_from_this()](error_code error, std::size_t size) {
                                        if (error) return end(to);
                                        asio::async_write(to.socket, asio::buffer(from.read, size),
                                                          [this, &from, &to, self](error_code failed, std::size_t) {
                                                              if (failed) return end(to);
                                                              pass_on(from, to);
                                                          });
                                    });
    }
    // Both are closed when neither direction waits any more.
    void end(side& to) {
        error_code ignored;
        to.socket.shutdown(asio::socket_base::shutdown_send, ignored);
    }

    side client_, server_;
};

class mixed_session : public std::enable_shared_from_this<mixed_session> {
  public:
    explicit mixed_session(peer::tcp_socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {}
    void start() {
        asio::async_read_until(socket_, asio::dynamic_buffer(text_), '\n',
                               [self = shared_from_this()](error_code error, std::size_t size) {
                                   if (!error) self->handle(size);
                               });
    }

  private:
    void handle(std::size_t size) {
        const bool is_slow = text_.compare(0, size, "slow\n") == 0;
        text_.erase(0, size);
        if (!is_slow) return answer();
        timer_.expires_after(peer::slow_wait);
        timer_.async_wait([self = shared_from_this()](error_code) {
            peer::compute();
            self->answer();
        });
    }
    void answer() {
        asio::async_write(socket_, asio::buffer(peer::mixed_answer),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->start();
                          });
    }

    peer::tcp_socket socket_;
    peer::timer timer_;
    std::string text_;
};

template <class Session, class... Words>
void accept_next(peer::tcp_acceptor& acceptor, Words... words) {
    acceptor.async_accept([&acceptor, words...](error_code error, peer::tcp_socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket))->start(words...);
        accept_next<Session>(acceptor, words...);
    });
}

template <class Session, class... Words>
void serve_each(Words... words) {
    auto acceptor = peer::listen();
    accept_next<Session>(acceptor, words...);
    peer::context().run();
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each<echo_session>(); }},
    {"http", [](const peer::request&) { serve_each<http_session>(); }},
    {"proxy", [](const peer::request& wanted) { serve_each<proxy_session>(wanted.port("upstream")); }},
    {"mixed", [](const peer::request&) { serve_each<mixed_session>(); }},
};

}  // namespace

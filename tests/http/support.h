// SPDX-License-Identifier: BSL-1.0
// Servers on loopback for the HTTP tests: a real one, and a raw one that says whatever a test wants it to.
#pragma once

#include <support/error_of.h>
#include <support/fixture.h>

#include <green/green.h>
#include <green/http/server.h>
#include <green/http/session.h>

#include <doctest/doctest.h>

#include <ostream>

#include <functional>
#include <string>
#include <vector>

namespace support {

using namespace std::chrono_literals;
namespace http = green::http;

inline green::endpoint any_loopback_port() {
    return {green::ip_address::loopback_v4(), 0};
}

// A server that stops when the test ends.
class web {
  public:
    explicit web(http::handler h, http::server_options options = {})
        : server(any_loopback_port(), std::move(h), std::move(options)) {}
    ~web() { server.stop(0s); }

    std::string url(std::string_view target = "/") const {
        return "http://" + server.local_endpoint().to_string() + std::string(target);
    }

    http::server server;
};

// Accepts connections and runs a function on each, in a fiber of its own; a failure of the stream ends that fiber only.
class raw_server {
  public:
    using script = std::function<void(green::byte_stream&)>;

    explicit raw_server(script s) {
        acceptor_ = green::spawn([this, s = std::move(s)] {
            for (;;) {
                green::tcp_stream peer = listener_.accept();
                ++connection_count;
                fibers_.push_back(green::spawn([s, peer = std::move(peer)]() mutable {
                    try {
                        s(peer);
                    } catch (const std::system_error&) {
                    }
                }));
            }
        });
    }
    ~raw_server() {
        acceptor_.kill();
        for (auto& each : fibers_) each.kill();
    }

    green::endpoint endpoint() const { return listener_.local_endpoint(); }
    std::string url(std::string_view target = "/") const {
        return "http://" + endpoint().to_string() + std::string(target);
    }

    int connection_count = 0;

  private:
    green::tcp_listener listener_{any_loopback_port()};
    green::fiber_handle acceptor_;
    std::vector<green::fiber_handle> fibers_;
};

// Reads the head of a request; what comes behind it stays unread unless it came along.
inline std::string read_request_head(green::byte_stream& from) {
    std::string text;
    std::error_code error;
    text.resize(green::read_until(from, text, "\r\n\r\n", 1 << 20, error));
    return text;
}

// A server that answers every request with the same bytes and then closes.
inline raw_server::script always(std::string answer) {
    return [answer = std::move(answer)](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, answer);
    };
}

}  // namespace support

// SPDX-License-Identifier: BSL-1.0
// HTTP by Boost.Beast with synchronous calls, as its example http_server_sync does it: a thread of execution per
// connection, native (threads_serving.cpp) or a fiber under the patch (green_patched_serving.cpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "beast_hello.h"
#include "serving.h"

namespace peer {

inline void serve_http(int fd) {
    static boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context, boost::asio::ip::tcp::v4(), fd);
    boost::beast::flat_buffer buffer;
    for (boost::system::error_code error; !error;) {
        hello_request request;
        boost::beast::http::read(socket, buffer, request, error);
        if (error) return;
        const hello_answer answer = answer_to(request);
        boost::beast::http::write(socket, answer, error);
        if (!answer.keep_alive()) return;
    }
}

}  // namespace peer

// SPDX-License-Identifier: BSL-1.0
// The answer of the workload `http` in the words of Boost.Beast.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>

#include "serving.h"

namespace peer {

using hello_request = boost::beast::http::request<boost::beast::http::empty_body>;
using hello_answer = boost::beast::http::response<boost::beast::http::string_body>;

inline hello_answer answer_to(const hello_request& request) {
    hello_answer answer(boost::beast::http::status::ok, request.version());
    answer.set(boost::beast::http::field::content_type, "text/plain");
    answer.keep_alive(request.keep_alive());
    answer.body() = hello_body;
    answer.prepare_payload();
    return answer;
}

}  // namespace peer

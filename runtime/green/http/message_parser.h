// SPDX-License-Identifier: BSL-1.0
// Boost.Beast's parser of HTTP/1.1 messages behind a face without Beast, so that only one source file compiles it.
// Knows bytes, no streams. Private to this room.
#pragma once

#include <green/http/headers.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace green::http::detail {

// The start line and the fields of a message, request or response.
struct message_head {
    std::string method;     // of a request
    std::string target;     // of a request
    int status = 0;         // of a response
    std::string reason;     // of a response
    int minor_version = 1;  // HTTP/1.0 or HTTP/1.1
    headers fields;
    headers trailers;  // complete when the body is
};

// Parses one message; for the next one there must be a new parser.
//
//     nothing yet --put--> head is done --put ... put--> is done
//                              `-- at once, when there is no body
//
// A body is as long as its Content-Length or its chunks say, else, in a response, until the end of the stream
// (RFC 9112, section 6.3).
class message_parser {
  public:
    enum class kind { request, response, response_to_head };

    explicit message_parser(kind k);
    ~message_parser();
    message_parser(message_parser&&) noexcept;
    message_parser& operator=(message_parser&&) noexcept;

    struct progress {
        std::size_t consumed = 0;  // bytes of the input, not to be shown again
        std::size_t produced = 0;  // bytes of the body put into the output
        bool need_more = false;    // the input ends within something that is parsed in one piece: show the rest
                                   // again with more behind it
    };
    // Parses some of `input`, and puts what is body into `output`. Stops behind the head, when the output is full,
    // and at the end of the message. Throws std::system_error (malformed_message) that says what is wrong.
    progress put(std::span<const std::byte> input, std::span<std::byte> output);
    // The stream ended. False when the message was not complete.
    bool put_end_of_stream();

    bool is_request() const noexcept;
    bool head_is_done() const noexcept;
    bool is_done() const noexcept;

    message_head& head() noexcept;
    // The following are about a message whose head is done.
    bool keep_alive() const noexcept;  // as far as this message is concerned (RFC 9112, section 9.3)
    bool is_chunked() const noexcept;
    std::optional<std::uint64_t> content_length() const noexcept;
    std::optional<std::uint64_t> remaining() const noexcept;  // of a body with a Content-Length

  private:
    struct implementation;
    template <bool IsRequest>
    struct beast_parser;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace green::http::detail

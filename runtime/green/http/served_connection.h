// SPDX-License-Identifier: BSL-1.0
// The server's side of one connection: its requests, one after the other. Knows no listener. Private to this room.
#pragma once

#include <green/http/connection.h>
#include <green/http/server.h>

#include <string>

namespace green::http::detail {

//             first byte            head is done           handler is done
//     idle ---------------> reading -------------> serving ----------------> idle
//       `--- end of the stream, or time, or stopping: closed ---'
class served_connection {
  public:
    // All outlive it.
    served_connection(byte_stream& stream, const handler& h, const server_options& options);

    // Serves until the connection is at its end. Parks; throws cancellation only.
    void run();
    // Ends it after the request under way, at once when there is none. Does not park.
    void stop() noexcept;

    // --- for `request` ---
    std::size_t read_body(std::span<std::byte> buffer);
    message_parser& parser() noexcept { return parser_; }
    const std::string& peer() const noexcept { return peer_; }

  private:
    bool serve_one();
    bool wait_for_request();
    bool read_request(int& refusal);
    int check_request();
    bool answer(request& asked, response_writer& writer);
    bool handle(request& asked, response_writer& writer);
    void refuse(int status);
    std::size_t read_plainly(std::span<std::byte> buffer);
    bool discard_body();
    void linger();
    void report(const request& asked);
    response_writer::circumstances circumstances() const;

    connection connection_;
    const handler& handler_;
    const server_options& options_;
    std::string peer_;
    message_parser parser_{message_parser::kind::request};
    std::uint64_t body_bytes_ = 0;  // read of the present request's body
    bool must_continue_ = false;    // the client waits for a 100 before it sends the body
    bool is_idle_ = false;
    bool is_stopping_ = false;
    std::error_code input_error_;  // of the present request's body
};

}  // namespace green::http::detail

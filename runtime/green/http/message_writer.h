// SPDX-License-Identifier: BSL-1.0
// HTTP/1.1 messages as they go over the wire. Private to this room.
#pragma once

#include <green/http/connection.h>
#include <green/http/headers.h>

#include <span>
#include <string>
#include <string_view>

namespace green::http::detail {

// The head of a message, with the empty line behind it. Method and target must be valid; headers are.
std::string format_request_head(std::string_view method, std::string_view target, const headers& fields);
std::string format_response_head(int status, const headers& fields);

// Sends a body that follows a head which has not gone out yet: the head travels with the first piece.
class body_writer {
  public:
    enum class framing { plain, chunked };

    // `c` outlives it.
    body_writer(connection& c, framing f, std::string head) noexcept
        : connection_(c), framing_(f), head_(std::move(head)) {}

    // Sends a piece. Parks; throws what connection::write() throws.
    void write(std::span<const std::byte> piece);
    // Sends the head alone, if it has not gone out yet.
    void send_head();
    // Sends what says that this was all. `last_piece` saves a packet.
    void finish(std::span<const std::byte> last_piece = {});

  private:
    void send(std::span<const std::byte> piece, bool is_last);

    connection& connection_;
    framing framing_;
    std::string head_;  // empty once it was sent
};

}  // namespace green::http::detail

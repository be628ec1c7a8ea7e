// SPDX-License-Identifier: BSL-1.0
// HTTP/1.1 messages as they go over the wire. Private to this room.
#pragma once

#include <green/http/connection.h>
#include <green/http/headers.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace green::http::detail {

// The head of a message, with the empty line behind it. Method and target must be valid; headers are.
std::string format_request_head(std::string_view method, std::string_view target, const headers& fields);
std::string format_response_head(int status, const headers& fields);

// Sends a body that follows a head which has not gone out yet: the head travels with the first piece. On a fiber, or as
// a task; it and the pieces outlive the task.
class body_writer {
  public:
    enum class framing { plain, chunked };

    // `c` outlives it.
    body_writer(connection& c, framing f, std::string head) noexcept
        : connection_(c), framing_(f), head_(std::move(head)) {}

    // Sends a piece. Parks; throws what connection::write() throws.
    void write(std::span<const std::byte> piece) {
        if (!piece.empty()) send(piece, false);  // an empty chunk would end the body
    }
    // Sends the head alone, if it has not gone out yet.
    void send_head() {
        if (!head_.empty()) send({}, false);
    }
    // Sends what says that this was all. `last_piece` saves a packet.
    void finish(std::span<const std::byte> last_piece = {}) { send(last_piece, true); }

    // The same as co_await. `piece` is not empty.
    coro::task<void> write_task(std::span<const std::byte> piece) { return send_task(piece, false); }
    coro::task<void> finish_task(std::span<const std::byte> last_piece = {}) { return send_task(last_piece, true); }

  private:
    // A piece with what goes out around it.
    struct framed_piece {
        framed_piece(const body_writer& by, std::span<const std::byte> piece, bool is_last) noexcept;
        framed_piece(const framed_piece&) = delete;
        std::array<char, 18> chunk_header;  // 16 digits and CRLF
        std::array<std::span<const std::byte>, 5> parts;
    };
    void send(std::span<const std::byte> piece, bool is_last);
    coro::task<void> send_task(std::span<const std::byte> piece, bool is_last);

    connection& connection_;
    framing framing_;
    std::string head_;  // empty once it was sent
};

}  // namespace green::http::detail

// SPDX-License-Identifier: BSL-1.0
// An answer on its way out, as a server's handler writes it.
#pragma once

#include <green/http/headers.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace green::http {

namespace detail {
class body_writer;
class connection;
}  // namespace detail

// Sends the answer to one request.
//
//     void list(green::http::request&, green::http::response_writer& answer) {
//         answer.headers().set("Content-Type", "text/plain");
//         for (const std::string& line : lines) answer.write(line);
//     }
//
// What is written is collected, and goes out when there is enough of it, at flush(), and after the handler has
// returned. An answer that fits is sent with its Content-Length; a longer one in chunks, unless the handler has set
// Content-Length itself; to a client of HTTP/1.0 it ends with the connection. The answer to a HEAD, and one whose
// status has no body, go without whatever was written. Writing parks and throws cancellation, and std::system_error
// when the client has gone: simply let it pass.
class response_writer {
  public:
    // 200 unless set. Both are without effect once the header has gone out. Throws std::invalid_argument for a status
    // that is not between 200 and 599 (RFC 9110, section 15): those below are no answers yet.
    void set_status(int status);
    int status() const noexcept { return status_; }
    http::headers& headers() noexcept { return fields_; }

    // Appends to the body. More than the Content-Length that the handler has set, or less in the end, is a
    // std::logic_error, thrown by whichever call notices.
    void write(std::span<const std::byte> piece);
    void write(std::string_view piece) { write(std::as_bytes(std::span(piece))); }
    // Sends what has been written so far, at least the header.
    void flush();
    // A whole answer in one call. Throws also what set_status() throws.
    void send(int status, std::string_view content_type, std::string_view body);

    bool header_was_sent() const noexcept { return sender_ != nullptr; }

    // For the rooms of the runtime.
    struct circumstances {
        bool is_head = false;  // the request was a HEAD
        bool is_http_1_0 = false;
        bool keep_alive = true;  // the client wants to go on
    };
    response_writer(detail::connection& c, const circumstances& about);
    ~response_writer();
    response_writer(const response_writer&) = delete;
    // After the handler: sends what is left. False when the connection must end with this answer.
    bool finish();
    // Throws std::logic_error when finish() would.
    void check() const { check_promise(true); }
    // Instead of what was written: nothing of it has gone out.
    void replace(int status, std::string_view text);
    // The connection ends after this answer.
    void close_afterwards() noexcept { keep_alive_ = false; }

  private:
    void send_header(bool is_whole);
    void send_pending();
    void check_promise(bool is_whole) const;
    bool has_body() const noexcept;

    detail::connection& connection_;
    circumstances about_;
    int status_ = 200;
    http::headers fields_;
    std::string pending_;        // written and not sent
    std::uint64_t written_ = 0;  // bytes of the body, sent or not
    bool keep_alive_;
    std::optional<std::uint64_t> promised_;        // the handler's Content-Length; valid once the header was sent
    std::unique_ptr<detail::body_writer> sender_;  // once the header was sent
};

}  // namespace green::http

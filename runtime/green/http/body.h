// SPDX-License-Identifier: BSL-1.0
// Bodies of messages: reading one that comes in, and describing one that goes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace green::http {

// The body of a message that is arriving; a response or a request is one. Nothing is read before it is asked for, so
// that a slow reader slows the sender down.
//
//     std::array<std::byte, 16384> piece;
//     while (std::size_t count = answer.read_some(piece)) file.write(std::span(piece).first(count));
//
// Reading parks and throws cancellation. After an error or a cancellation the rest of the body is lost.
class body_reader {
  public:
    // Reads at least one byte into `buffer`; 0 at the end of the body, for an empty buffer, and on an error. Errors:
    // http::errc, and those of the connection.
    std::size_t read_some(std::span<std::byte> buffer);
    std::size_t read_some(std::span<std::byte> buffer, std::error_code& error);

    // Reads all that is left. More than `limit_bytes` is body_too_large; no more than a little beyond that is read.
    std::string read_all(std::size_t limit_bytes = default_read_all_limit_bytes);
    std::string read_all(std::size_t limit_bytes, std::error_code& error);

    static constexpr std::size_t default_read_all_limit_bytes = 64 << 20;

  protected:
    body_reader() = default;
    body_reader(body_reader&&) = default;
    body_reader& operator=(body_reader&&) = default;
    ~body_reader() = default;

  private:
    // `buffer` is not empty. Throws std::system_error.
    virtual std::size_t do_read_some(std::span<std::byte> buffer) = 0;
    // What the body belongs to, in words for errors: "GET http://example.com/".
    virtual std::string describe() const = 0;
};

// The body of a message that is to be sent: nothing, bytes that the caller keeps until the call is over, or a function
// that yields them piece by piece.
//
//     session.post(url, "name=value");
//     session.post(url, green::http::body_source([&](std::span<std::byte> room) { return file.read(room); }));
//
// A function is sent in chunks unless its length is given (RFC 9112, section 7.1). It may park. It cannot be asked
// twice: a redirect or a retry that needs the body again fails with body_not_repeatable.
class body_source {
  public:
    // Fills some of the room and returns how much; 0 at the end.
    using function = std::function<std::size_t(std::span<std::byte> room)>;

    body_source() = default;
    body_source(std::string_view text) : bytes_(std::as_bytes(std::span(text))), length_(text.size()) {}
    body_source(const char* text) : body_source(std::string_view(text)) {}
    body_source(const std::string& text) : body_source(std::string_view(text)) {}
    body_source(std::span<const std::byte> bytes) : bytes_(bytes), length_(bytes.size()) {}
    // A function that yields another number of bytes than `length_bytes` fails the request with invalid_request.
    explicit body_source(function f, std::optional<std::uint64_t> length_bytes = std::nullopt)
        : function_(std::move(f)), length_(length_bytes) {}

    bool is_present() const noexcept { return length_ || function_; }
    bool is_repeatable() const noexcept { return !function_; }
    // Nothing when it is not known before the end.
    std::optional<std::uint64_t> length_bytes() const noexcept { return length_; }
    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    const function& get_function() const noexcept { return function_; }

  private:
    std::span<const std::byte> bytes_{};
    function function_{};
    std::optional<std::uint64_t> length_{};
};

}  // namespace green::http

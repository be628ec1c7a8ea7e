// SPDX-License-Identifier: BSL-1.0
// One HTTP/1.1 connection, seen from either end: messages over a byte stream. Knows no URLs, no pool and no handlers.
// Private to this room.
#pragma once

#include <green/base/time.h>
#include <green/http/error.h>
#include <green/http/message_parser.h>
#include <green/io/stream.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace green::http::detail {

// Bytes that were read and not yet parsed. Holds no memory until there are some.
class input_buffer {
  public:
    std::span<const std::byte> readable() const noexcept { return std::span(storage_).subspan(begin_, size_); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    void consume(std::size_t count) noexcept;
    // Room behind what is readable, of at least that size.
    std::span<std::byte> writable(std::size_t least_bytes);
    void commit(std::size_t count) noexcept { size_ += count; }
    void insert(std::size_t at, char c);
    void release_memory();  // when empty

  private:
    std::vector<std::byte> storage_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
};

// What the connection is doing, for the name of a timeout.
enum class phase { sending, waiting, in_body };

// A stream, what was read from it too early, and the time limits in force. Everything that reads or writes parks, and
// throws std::system_error: what the stream reports, timed_out_* by the phase when a limit has passed, and what is
// named below. After an error, or a cancellation, it is good for closing only.
class connection {
  public:
    explicit connection(std::unique_ptr<byte_stream> stream) noexcept
        : owned_(std::move(stream)), stream_(owned_.get()) {}
    // `stream` outlives it.
    explicit connection(byte_stream& stream) noexcept : stream_(&stream) {}

    // Reads the head of the next message. Errors: closed_before_answer, closed_within_header, header_too_large,
    // malformed_message. Reads at most one buffer more than `limit_bytes`.
    void read_head(message_parser& parser, std::size_t limit_bytes);
    // Reads at least one byte of the body into `buffer`; 0 at its end. Errors: closed_within_body, malformed_message.
    std::size_t read_body(message_parser& parser, std::span<std::byte> buffer);
    // Throws away what is here already of the body. True when that was the rest of it. Does not park.
    bool discard_buffered(message_parser& parser);

    // Reads what is there, whatever it is; 0 at the end of the stream.
    std::size_t read_raw(std::span<std::byte> buffer) { return read_some(buffer); }

    void write(data_parts parts);
    void write(std::string_view text);

    // A read or write has failed.
    bool has_failed() const noexcept { return has_failed_; }
    // Whether something came that nobody asked for, or the end of the stream. Does not park.
    bool is_stale();
    std::uint64_t received_bytes() const noexcept { return received_bytes_; }
    bool has_input() const noexcept { return !input_.empty(); }
    // Reads until there is input; false when the stream ends first.
    bool wait_for_input() { return has_input() || fill(); }

    byte_stream& stream() noexcept { return *stream_; }
    void close() noexcept { stream_->close(); }
    void release_memory() { input_.release_memory(); }

    // From now on: no step takes longer than `step`, and none lasts past `deadline`.
    void set_limits(time_point deadline, duration step) noexcept {
        deadline_ = deadline;
        step_ = step;
    }
    void set_phase(phase p) noexcept { phase_ = p; }

  private:
    bool fill();
    std::size_t read_some(std::span<std::byte> buffer);
    time_point step_deadline() const;
    [[noreturn]] void fail(const std::error_code& error);

    std::unique_ptr<byte_stream> owned_;  // null when the stream is another's
    byte_stream* stream_;
    input_buffer input_;
    time_point deadline_ = never;
    duration step_ = duration::max();
    phase phase_ = phase::sending;
    std::uint64_t received_bytes_ = 0;
    std::size_t room_bytes_ = 4096;  // for the next read; grows while reads fill it
    bool has_failed_ = false;
};

}  // namespace green::http::detail

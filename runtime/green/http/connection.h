// SPDX-License-Identifier: BSL-1.0
// One HTTP/1.1 connection, seen from either end: messages over a byte stream. Knows no URLs, no pool and no handlers.
// Private to this room.
#pragma once

#include <green/base/time.h>
#include <green/bridge/on_fiber.h>
#include <green/coro/task.h>
#include <green/http/error.h>
#include <green/http/message_parser.h>
#include <green/io/stream.h>
#include <green/net/tcp.h>

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

// What is left of several pieces of data that are written as one.
class writing {
  public:
    // `parts` is its storage, and outlives it.
    explicit writing(std::span<std::span<const std::byte>> parts) noexcept : left_(parts) { skip_empty(); }
    data_parts left() const noexcept { return left_; }  // empty once all was written
    void wrote(std::size_t count) noexcept;

  private:
    void skip_empty() noexcept;
    std::span<std::span<const std::byte>> left_;
};

// A stream, what was read from it too early, and the time limits in force. What reads and writes is written as what
// happens between the waits: a *reading* has
//
//     std::span<std::byte> room()      where the next bytes go; empty when it wants no more
//     void take(std::size_t count)     so many have come; 0: the stream has ended
//     connection& from()               while there is room
//
// and run() runs it on a fiber, run_task() as a task. Both wait, and throw std::system_error: what the stream reports,
// timed_out_* by the phase when a limit has passed, and what the reading does. After an error, or a cancellation, the
// connection is good for closing only.
class connection {
  public:
    explicit connection(std::unique_ptr<byte_stream> stream) noexcept : connection(*stream) {
        owned_ = std::move(stream);
    }
    // `stream` outlives it.
    explicit connection(byte_stream& stream) noexcept : stream_(&stream), tcp_(dynamic_cast<tcp_stream*>(&stream)) {}

    // Reads what is there, whatever it is; 0 at the end of the stream. Parks.
    std::size_t read_some(std::span<std::byte> buffer) {
        begin_read();
        std::error_code error;
        const std::size_t count = stream_->read_some(buffer, error);
        end_read(count, error);
        return count;
    }
    // Parks.
    void write(writing data);
    void write(std::string_view text);
    coro::task<void> write_task(writing data);

    // Throws away what is here already of the body. True when that was the rest of it. Does not park.
    bool discard_buffered(message_parser& parser);

    // A read or write has failed.
    bool has_failed() const noexcept { return has_failed_; }
    // Whether something came that nobody asked for, or the end of the stream. Does not park.
    bool is_stale();
    std::uint64_t received_bytes() const noexcept { return received_bytes_; }
    bool has_input() const noexcept { return !input_.empty(); }
    // Reads until there is input; false when the stream ends first. Parks.
    bool wait_for_input() { return has_input() || filled(read_some(room_to_fill())); }

    byte_stream& stream() noexcept { return *stream_; }
    tcp_stream* tcp() noexcept { return tcp_; }  // null when the stream is another kind of stream
    void close() noexcept { stream_->close(); }
    void release_memory() { input_.release_memory(); }

    // From now on: no step takes longer than `step`, and none lasts past `deadline`.
    void set_limits(time_point deadline, duration step) noexcept {
        deadline_ = deadline;
        step_ = step;
    }
    void set_phase(phase p) noexcept { phase_ = p; }

    // --- for readings ---
    input_buffer& input() noexcept { return input_; }
    // Room in the input, and what came into it; false when that is the end of the stream.
    std::span<std::byte> room_to_fill() { return input_.writable(room_bytes_).first(room_bytes_); }
    bool filled(std::size_t count);
    // Around a read of the stream.
    void begin_read() { stream_->set_read_deadline(step_deadline()); }
    void end_read(std::size_t count, const std::error_code& error) {
        if (error) fail(error);
        received_bytes_ += count;
    }

  private:
    time_point step_deadline() const;
    [[noreturn]] void fail(const std::error_code& error);

    std::unique_ptr<byte_stream> owned_;  // null when the stream is another's
    byte_stream* stream_;
    tcp_stream* tcp_;
    input_buffer input_;
    time_point deadline_ = never;
    duration step_ = duration::max();
    phase phase_ = phase::sending;
    std::uint64_t received_bytes_ = 0;
    std::size_t room_bytes_ = 4096;  // for the next read; grows while reads fill it
    bool has_failed_ = false;
};

// The head of the next message. Errors: closed_before_answer, closed_within_header, header_too_large,
// malformed_message. Reads at most one buffer more than `limit_bytes`.
class head_reading {
  public:
    head_reading(connection& from, message_parser& parser, std::size_t limit_bytes) noexcept
        : from_(from), parser_(parser), limit_bytes_(limit_bytes) {}
    std::span<std::byte> room();
    void take(std::size_t count);
    connection& from() noexcept { return from_; }

  private:
    connection& from_;
    message_parser& parser_;
    std::size_t limit_bytes_;
    std::size_t seen_ = 0;  // bytes of the head that were consumed
    bool began_ = false;    // what is in front is not an empty line
    bool start_line_is_done_ = false;
};

// At least one byte of the body into `buffer`, or its end. Errors: closed_within_body, malformed_message.
class body_reading {
  public:
    body_reading(connection& from, message_parser& parser, std::span<std::byte> buffer) noexcept
        : from_(from), parser_(parser), buffer_(buffer) {}
    std::span<std::byte> room();
    void take(std::size_t count);
    connection& from() noexcept { return from_; }
    // Afterwards: how much was read; 0 at the end of the body.
    std::size_t size() const noexcept { return size_; }

  private:
    connection& from_;
    message_parser& parser_;
    std::span<std::byte> buffer_;
    std::size_t size_ = 0;
    bool is_direct_ = false;  // the room is in `buffer_`
};

template <class Reading>
void run(Reading&& reading) {
    for (auto room = reading.room(); !room.empty(); room = reading.room())
        reading.take(reading.from().read_some(room));
}

// `reading` outlives the task.
template <class Reading>
coro::task<void> run_task(Reading& reading) {
    std::error_code error;
    for (auto room = reading.room(); !room.empty(); room = reading.room()) {
        connection& from = reading.from();
        std::size_t count = 0;
        from.begin_read();
        if (from.tcp()) {
            count = co_await coro::read_some(*from.tcp(), room, error);
        } else {
            auto read = [&] { return from.stream().read_some(room, error); };
            count = co_await coro::on_fiber(read);
        }
        from.end_read(count, error);
        reading.take(count);
    }
}

}  // namespace green::http::detail

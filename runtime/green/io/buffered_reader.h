// SPDX-License-Identifier: BSL-1.0
// Reading by lines, delimiters and counts without a system call for each.
#pragma once

#include <green/io/stream.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace green {

// Reads ahead from a stream, so that small reads cost no system call each. Example:
//
//     green::buffered_reader reader(peer);
//     while (std::optional<std::string_view> line = reader.read_line()) handle(*line);
//
// What it has read ahead is its own: read from the stream directly only what discard() leaves. The stream must outlive
// it. One fiber at a time. Reading parks as the stream does, obeys its deadline, and throws cancellation; a call that
// failed or was cancelled has consumed nothing, and what had come by then is kept for the next, except that
// read_exactly() beyond the capacity loses what it had.
class buffered_reader {
  public:
    // `capacity_bytes` is the longest line or delimited piece that can be read, and how far it reads ahead.
    explicit buffered_reader(byte_stream& source, std::size_t capacity_bytes = 16 * 1024);

    // Reads at least one byte, or 0 at the end of the stream.
    std::size_t read_some(std::span<std::byte> buffer);
    // Fills `buffer`. Throws stream_errc::end_of_stream when the stream ends before.
    void read_exactly(std::span<std::byte> buffer);

    // The next piece up to and including `delimiter`, valid until the next call; none at the end of the stream. Throws
    // stream_errc::limit_exceeded when the capacity holds no delimiter, and stream_errc::end_of_stream when the stream
    // ends within a piece.
    std::optional<std::string_view> read_until(std::string_view delimiter);
    // The next line without its "\n" or "\r\n", valid until the next call; none at the end of the stream. A last line
    // without an end counts. Throws stream_errc::limit_exceeded.
    std::optional<std::string_view> read_line();

    // What has been read ahead and not consumed.
    std::span<const std::byte> buffered() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    // Consumes so many bytes of it.
    void discard(std::size_t count_bytes) noexcept { begin_ += count_bytes; }
    // Reads once more, keeping what is there; false at the end of the stream. Throws stream_errc::limit_exceeded when
    // the buffer is full.
    bool fill();

    byte_stream& source() noexcept { return source_; }

  private:
    [[noreturn]] void fail(stream_errc error) const;
    std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(data_.get()) + begin_, end_ - begin_};
    }
    std::string_view take(std::size_t count_bytes) noexcept;

    byte_stream& source_;
    std::size_t capacity_bytes_;
    std::unique_ptr<std::byte[]> data_;
    std::size_t begin_ = 0, end_ = 0;  // what is buffered
};

}  // namespace green

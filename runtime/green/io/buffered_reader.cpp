// SPDX-License-Identifier: BSL-1.0
#include <green/io/buffered_reader.h>

#include <algorithm>
#include <cstring>

namespace green {

buffered_reader::buffered_reader(byte_stream& source, std::size_t capacity_bytes)
    : source_(source),
      capacity_bytes_(std::max<std::size_t>(capacity_bytes, 1)),
      data_(std::make_unique_for_overwrite<std::byte[]>(capacity_bytes_)) {}

void buffered_reader::fail(stream_errc error) const {
    throw std::system_error(error, "green: " + source_.describe() + ": read");
}

std::string_view buffered_reader::take(std::size_t count_bytes) noexcept {
    const std::string_view taken = text().substr(0, count_bytes);
    begin_ += count_bytes;
    return taken;
}

bool buffered_reader::fill() {
    if (begin_ > 0) {
        std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == capacity_bytes_) fail(stream_errc::limit_exceeded);
    const std::size_t count = source_.read_some({data_.get() + end_, capacity_bytes_ - end_});
    end_ += count;
    return count > 0;
}

std::size_t buffered_reader::read_some(std::span<std::byte> buffer) {
    if (buffer.empty()) return 0;
    if (begin_ == end_) {
        if (buffer.size() >= capacity_bytes_) return source_.read_some(buffer);  // no copy
        if (!fill()) return 0;
    }
    const std::size_t count = std::min(buffer.size(), end_ - begin_);
    std::memcpy(buffer.data(), data_.get() + begin_, count);
    begin_ += count;
    return count;
}

void buffered_reader::read_exactly(std::span<std::byte> buffer) {
    if (buffer.size() <= capacity_bytes_) {  // gather all of it first, so that a failure consumes nothing
        while (end_ - begin_ < buffer.size())
            if (!fill()) fail(stream_errc::end_of_stream);
        read_some(buffer);
        return;
    }
    while (!buffer.empty()) {
        const std::size_t count = read_some(buffer);
        if (count == 0) fail(stream_errc::end_of_stream);
        buffer = buffer.subspan(count);
    }
}

std::optional<std::string_view> buffered_reader::read_until(std::string_view delimiter) {
    for (std::size_t looked_at = 0;;) {
        const std::size_t at = text().find(delimiter, looked_at);
        if (at != std::string_view::npos) return take(at + delimiter.size());
        looked_at = text().size() - std::min(text().size(), delimiter.size() - 1);
        if (fill()) continue;
        if (begin_ == end_) return std::nullopt;
        fail(stream_errc::end_of_stream);
    }
}

std::optional<std::string_view> buffered_reader::read_line() {
    for (std::size_t looked_at = 0;;) {
        const std::size_t at = text().find('\n', looked_at);
        if (at != std::string_view::npos) {
            std::string_view line = take(at + 1);
            line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
            return line;
        }
        looked_at = text().size();
        if (fill()) continue;
        if (begin_ == end_) return std::nullopt;
        return take(end_ - begin_);
    }
}

}  // namespace green

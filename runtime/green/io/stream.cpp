// SPDX-License-Identifier: BSL-1.0
#include <green/io/stream.h>

#include <green/base/error_table.h>
#include <green/hub/hub.h>
#include <green/io/delimiter_search.h>

#include <algorithm>
#include <vector>

namespace green {

namespace {

constexpr detail::error_words words[] = {
    {stream_errc::end_of_stream, "the stream ended too early"},
    {stream_errc::limit_exceeded, "more data than allowed"},
};

// A stream that always has data never waits, so its deadline has to be looked at before every step.
bool has_passed(time_point deadline) {
    return deadline != never && deadline <= hub::current().now();
}

}  // namespace

const std::error_category& stream_category() noexcept {
    static const detail::error_table instance("green.stream", words, "unknown stream error");
    return instance;
}

std::error_code make_error_code(stream_errc value) noexcept {
    return {static_cast<int>(value), stream_category()};
}

void byte_stream::fail(const std::error_code& error, const char* call) const {
    throw std::system_error(error, "green: " + describe() + ": " + call);
}

bool byte_stream::ends_without_a_try(bool has_nothing_to_do, time_point deadline, std::error_code& error) {
    error.clear();
    if (!has_nothing_to_do && has_passed(deadline)) error = std::make_error_code(std::errc::timed_out);
    return has_nothing_to_do || error;
}

std::size_t byte_stream::read_some(std::span<std::byte> buffer) {
    std::error_code error;
    std::size_t count = read_some(buffer, error);
    if (error) fail(error, "read");
    return count;
}

std::size_t byte_stream::write_some(std::span<const std::byte> data) {
    std::error_code error;
    std::size_t count = write_some(data, error);
    if (error) fail(error, "write");
    return count;
}

std::size_t byte_stream::write_some(data_parts parts, std::error_code& error) {
    const bool is_empty = std::ranges::all_of(parts, [](auto part) { return part.empty(); });
    return is_over_at_once(is_empty, write_deadline_, error) ? 0 : do_write_parts(parts, write_deadline_, error);
}

std::size_t byte_stream::write_some(data_parts parts) {
    std::error_code error;
    std::size_t count = write_some(parts, error);
    if (error) fail(error, "write");
    return count;
}

std::size_t byte_stream::do_write_parts(data_parts parts, time_point deadline, std::error_code& error) {
    auto first = std::ranges::find_if(parts, [](auto part) { return !part.empty(); });
    return do_write_some(*first, deadline, error);
}

void byte_stream::shutdown_write(std::error_code& error) {
    error.clear();
    do_shutdown_write(error);
}

void byte_stream::shutdown_write() {
    std::error_code error;
    do_shutdown_write(error);
    if (error) fail(error, "shutdown");
}

void byte_stream::expires_after(duration d) {
    set_deadline(hub::current().deadline_after(d));
}

std::size_t read_exactly(byte_stream& from, std::span<std::byte> buffer, std::error_code& error) {
    error.clear();
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        std::size_t count = from.read_some(buffer.subspan(filled), error);
        if (!error && count == 0) error = stream_errc::end_of_stream;
        if (error) break;
        filled += count;
    }
    return filled;
}

void read_exactly(byte_stream& from, std::span<std::byte> buffer) {
    std::error_code error;
    read_exactly(from, buffer, error);
    if (error) throw std::system_error(error, "green: " + from.describe() + ": read");
}

void write_all(byte_stream& to, std::span<const std::byte> data) {
    std::error_code error;
    write_all(to, data, error);
    if (error) throw std::system_error(error, "green: " + to.describe() + ": write");
}

void write_all(byte_stream& to, std::string_view text) {
    write_all(to, std::as_bytes(std::span(text)));
}

std::size_t read_until(byte_stream& from, std::string& text, std::string_view delimiter, std::size_t limit_bytes,
                       std::error_code& error) {
    error.clear();
    detail::delimiter_search search(text, delimiter, limit_bytes);
    while (!error && !search.is_over(error)) search.take(from.read_some(search.room(), error), error);
    return search.size();
}

std::size_t read_until(byte_stream& from, std::string& text, std::string_view delimiter, std::size_t limit_bytes) {
    std::error_code error;
    std::size_t size = read_until(from, text, delimiter, limit_bytes, error);
    if (error) throw std::system_error(error, "green: " + from.describe() + ": read");
    return size;
}

std::uint64_t copy(byte_stream& from, byte_stream& to) {
    std::vector<std::byte> buffer(64 * 1024);  // not on a fiber's stack
    std::uint64_t total = 0;
    while (std::size_t count = from.read_some(buffer)) {
        write_all(to, std::span(buffer).first(count));
        total += count;
    }
    return total;
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Whole transfers as tasks; their twins are in io/stream.cpp.
#include <green/io/delimiter_search.h>
#include <green/net/tcp.h>

namespace green::coro {

task<void> write_all(tcp_stream& to, std::span<const std::byte> data) {
    while (!data.empty()) data = data.subspan(co_await write_some(to, data));
}

task<void> write_all(tcp_stream& to, std::string_view text) {
    return write_all(to, std::as_bytes(std::span(text)));
}

task<void> read_exactly(tcp_stream& from, std::span<std::byte> buffer) {
    while (!buffer.empty()) {
        const std::size_t count = co_await read_some(from, buffer);
        if (count == 0)
            throw std::system_error(make_error_code(stream_errc::end_of_stream),
                                    "green: " + from.describe() + ": read");
        buffer = buffer.subspan(count);
    }
}

task<std::size_t> read_until(tcp_stream& from, std::string& text, std::string_view delimiter, std::size_t limit_bytes) {
    detail::delimiter_search search(text, delimiter, limit_bytes);
    std::error_code error;
    while (!error && !search.is_over(error)) {
        const std::size_t count = co_await read_some(from, search.room(), error);
        search.take(count, error);
    }
    if (error) throw std::system_error(error, "green: " + from.describe() + ": read");
    co_return search.size();
}

}  // namespace green::coro

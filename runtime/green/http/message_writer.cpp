// SPDX-License-Identifier: BSL-1.0
#include <green/http/message_writer.h>

#include <green/http/status.h>

#include <charconv>
#include <initializer_list>

namespace green::http::detail {

namespace {

// A start line of those parts, and the fields.
std::string format_head(std::initializer_list<std::string_view> start_line, const headers& fields) {
    constexpr std::string_view colon = ": ", end = "\r\n";
    std::size_t size = 2 * end.size();
    for (std::string_view part : start_line) size += part.size();
    for (const auto& [name, value] : fields) size += name.size() + colon.size() + value.size() + end.size();

    std::string head;
    head.reserve(size);
    for (std::string_view part : start_line) head += part;
    head += end;
    for (const auto& [name, value] : fields) head.append(name).append(colon).append(value).append(end);
    head += end;
    return head;
}

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text));
}

}  // namespace

std::string format_request_head(std::string_view method, std::string_view target, const headers& fields) {
    return format_head({method, " ", target, " HTTP/1.1"}, fields);
}

std::string format_response_head(int status, const headers& fields) {
    return format_head({"HTTP/1.1 ", std::to_string(status), " ", reason_phrase(status)}, fields);
}

body_writer::framed_piece::framed_piece(const body_writer& by, std::span<const std::byte> piece,
                                        bool is_last) noexcept {
    std::string_view before, after;
    if (by.framing_ == framing::chunked && !piece.empty()) {
        char* end = std::to_chars(chunk_header.data(), chunk_header.data() + 16, piece.size(), 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
        before = {chunk_header.data(), static_cast<std::size_t>(end - chunk_header.data())};
        after = "\r\n";
    }
    const std::string_view last = by.framing_ == framing::chunked && is_last ? "0\r\n\r\n" : "";
    parts = {bytes_of(by.head_), bytes_of(before), piece, bytes_of(after), bytes_of(last)};
}

void body_writer::send(std::span<const std::byte> piece, bool is_last) {
    framed_piece framed(*this, piece, is_last);
    connection_.write(writing(framed.parts));
    head_.clear();
}

coro::task<void> body_writer::send_task(std::span<const std::byte> piece, bool is_last) {
    framed_piece framed(*this, piece, is_last);
    writing data(framed.parts);
    co_await connection_.write_task(data);
    head_.clear();
}

}  // namespace green::http::detail

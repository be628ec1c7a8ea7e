// SPDX-License-Identifier: BSL-1.0
#include <green/http/message_writer.h>

#include <green/http/status.h>

#include <charconv>

namespace green::http::detail {

namespace {

void append_fields(std::string& out, const headers& fields) {
    for (const headers::field& each : fields) out.append(each.name).append(": ").append(each.value).append("\r\n");
    out += "\r\n";
}

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text));
}

}  // namespace

std::string format_request_head(std::string_view method, std::string_view target, const headers& fields) {
    std::string head;
    head.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    append_fields(head, fields);
    return head;
}

std::string format_response_head(int status, const headers& fields) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + ' ';
    head.append(reason_phrase(status)).append("\r\n");
    append_fields(head, fields);
    return head;
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

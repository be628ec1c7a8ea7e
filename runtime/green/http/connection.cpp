// SPDX-License-Identifier: BSL-1.0
#include <green/http/connection.h>

#include <green/hub/hub.h>
#include <green/net/tcp.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace green::http::detail {

namespace {

constexpr std::size_t largest_read_bytes = 64 * 1024;  // more gains nothing
// Longer chunk headers and trailers, extensions included, are an attack.
constexpr std::size_t chunk_header_limit_bytes = 16 * 1024;
// A body read of at least this goes into the reader's own buffer, without a copy.
constexpr std::size_t direct_read_bytes = 4096;

[[noreturn]] void fail_with(errc value, const char* what) {
    throw std::system_error(make_error_code(value), what);
}

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// --- input_buffer ---

void input_buffer::consume(std::size_t count) noexcept {
    begin_ += count;
    size_ -= count;
    if (size_ == 0) begin_ = 0;
}

std::span<std::byte> input_buffer::writable(std::size_t least_bytes) {
    if (begin_ + size_ + least_bytes > storage_.size() && begin_ != 0) {
        std::memmove(storage_.data(), storage_.data() + begin_, size_);
        begin_ = 0;
    }
    if (size_ + least_bytes > storage_.size()) storage_.resize(size_ + least_bytes);
    return std::span(storage_).subspan(begin_ + size_);
}

void input_buffer::insert(std::size_t at, char c) {
    storage_.insert(storage_.begin() + static_cast<std::ptrdiff_t>(begin_ + at), static_cast<std::byte>(c));
    ++size_;
}

void input_buffer::release_memory() {
    if (empty()) std::vector<std::byte>().swap(storage_);
}

// --- single steps ---

time_point connection::step_deadline() const {
    if (step_ == duration::max()) return deadline_;
    return std::min(deadline_, hub::current().deadline_after(step_));
}

void connection::fail(const std::error_code& error) {
    has_failed_ = true;
    if (error != std::errc::timed_out) throw std::system_error(error, stream_->describe());
    switch (phase_) {
        case phase::sending:
            fail_with(errc::timed_out_sending, "send");
        case phase::waiting:
            fail_with(errc::timed_out_waiting, "receive");
        case phase::in_body:
            break;
    }
    fail_with(errc::timed_out_in_body, "receive");
}

std::size_t connection::read_some(std::span<std::byte> buffer) {
    stream_->set_read_deadline(step_deadline());
    std::error_code error;
    const std::size_t count = stream_->read_some(buffer, error);
    if (error) fail(error);
    received_bytes_ += count;
    return count;
}

bool connection::fill() {
    const std::span<std::byte> room = input_.writable(room_bytes_).first(room_bytes_);
    const std::size_t count = read_some(room);
    if (count == room_bytes_) room_bytes_ = std::min(room_bytes_ * 2, largest_read_bytes);
    input_.commit(count);
    return count != 0;
}

void connection::write(data_parts parts) {
    std::vector<std::span<const std::byte>> rest(parts.begin(), parts.end());
    std::span<std::span<const std::byte>> left(rest);
    for (;;) {
        while (!left.empty() && left.front().empty()) left = left.subspan(1);
        if (left.empty()) return;
        stream_->set_write_deadline(step_deadline());
        std::error_code error;
        std::size_t count = stream_->write_some(data_parts(left), error);
        if (error) fail(error);
        for (auto& part : left) {
            const std::size_t written = std::min(count, part.size());
            part = part.subspan(written);
            count -= written;
        }
    }
}

void connection::write(std::string_view text) {
    const std::array parts{std::as_bytes(std::span(text))};
    write(parts);
}

bool connection::is_stale() {
    if (!stream_->is_open() || !input_.empty()) return true;
    // Only TCP can be asked without reading. Of other streams a dead one is found by using it.
    const auto* tcp = dynamic_cast<const tcp_stream*>(stream_);
    if (!tcp) return false;
    char byte;
    return sys::recv(tcp->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

// --- heads ---

namespace {

// Whether this is, or may become, the beginning of a status line.
bool looks_like_http(std::string_view text) noexcept {
    constexpr std::string_view beginning = "HTTP/";
    return text.substr(0, beginning.size()) == beginning.substr(0, text.size());
}

// Some servers leave out the blank behind the status when the reason is empty, which the grammar forbids and everybody
// accepts. Returns whether there is enough of the line to know.
bool complete_status_line(input_buffer& input) {
    constexpr std::string_view pattern = "HTTP/1.x 200\r\n";
    const std::string_view text = as_text(input.readable());
    if (!looks_like_http(text)) return true;  // the parser will say so
    if (text.size() < pattern.size()) return false;
    if (text.substr(12, 2) == "\r\n") input.insert(12, ' ');
    return true;
}

// Empty lines before a message are left over from a careless peer's last one (RFC 9112, section 2.2).
std::size_t skip_empty_lines(input_buffer& input) {
    std::size_t skipped = 0;
    while (as_text(input.readable()).starts_with("\r\n")) {
        input.consume(2);
        skipped += 2;
    }
    return skipped;
}

}  // namespace

void connection::read_head(message_parser& parser, std::size_t limit_bytes) {
    std::size_t seen = 0;  // bytes of the head that were consumed
    bool began = false;    // what is in front is not an empty line
    bool start_line_is_done = false;
    for (;;) {
        if (!began) {
            seen += skip_empty_lines(input_);
            const bool half_empty_line = as_text(input_.readable()) == "\r";
            began = has_input() && !half_empty_line && (parser.is_request() || complete_status_line(input_));
        }
        if (began) {
            const auto done = parser.put(input_.readable(), {});
            input_.consume(done.consumed);
            seen += done.consumed;
            start_line_is_done |= done.consumed != 0;
        }
        const bool complete = parser.head_is_done();
        if (seen + (complete ? 0 : input_.size()) > limit_bytes)
            fail_with(errc::header_too_large, "more than the limit for headers");
        if (complete) return;
        if (fill()) continue;
        if (seen + input_.size() == 0) fail_with(errc::closed_before_answer, "end of the stream");
        if (!parser.is_request() && !start_line_is_done && !looks_like_http(as_text(input_.readable())))
            fail_with(errc::malformed_message, "no status line");
        fail_with(errc::closed_within_header, "end of the stream");
    }
}

// --- bodies ---

std::size_t connection::read_body(message_parser& parser, std::span<std::byte> buffer) {
    while (!parser.is_done() && !buffer.empty()) {
        if (!input_.empty()) {
            const auto done = parser.put(input_.readable(), buffer);
            input_.consume(done.consumed);
            if (done.produced != 0) return done.produced;
            if (parser.is_done()) break;
        }
        if (input_.size() > chunk_header_limit_bytes) fail_with(errc::malformed_message, "an endless chunk header");
        const bool is_direct = input_.empty() && !parser.is_chunked() && buffer.size() >= direct_read_bytes;
        if (is_direct) {
            // Not beyond the body: what follows it belongs to the next message. The parser copies a range onto
            // itself, which take() of message_parser.cpp must allow.
            const std::size_t most = static_cast<std::size_t>(
                std::min<std::uint64_t>(buffer.size(), parser.remaining().value_or(buffer.size())));
            const std::size_t count = read_some(buffer.first(most));
            if (count != 0) return parser.put(buffer.first(count), buffer).produced;
        } else if (fill()) {
            continue;
        }
        if (!parser.put_end_of_stream()) fail_with(errc::closed_within_body, "end of the stream");
    }
    return 0;
}

bool connection::discard_buffered(message_parser& parser) {
    std::array<std::byte, 4096> scrap;
    while (!parser.is_done() && !input_.empty()) {
        const auto done = parser.put(input_.readable(), scrap);
        input_.consume(done.consumed);
        if (done.consumed == 0) break;
    }
    return parser.is_done();
}

}  // namespace green::http::detail

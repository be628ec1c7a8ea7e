// SPDX-License-Identifier: BSL-1.0
#include <green/http/connection.h>

#include <green/hub/hub.h>
#include <green/sys/direct_call.h>

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

bool connection::filled(std::size_t count) {
    if (count == room_bytes_) room_bytes_ = std::min(room_bytes_ * 2, largest_read_bytes);
    input_.commit(count);
    return count != 0;
}

// --- writing ---

void writing::skip_empty() noexcept {
    while (!left_.empty() && left_.front().empty()) left_ = left_.subspan(1);
}

void writing::wrote(std::size_t count) noexcept {
    for (auto& part : left_) {
        const std::size_t written = std::min(count, part.size());
        part = part.subspan(written);
        count -= written;
    }
    skip_empty();
}

void connection::write(writing data) {
    while (!data.left().empty()) {
        stream_->set_write_deadline(step_deadline());
        std::error_code error;
        const std::size_t count = stream_->write_some(data.left(), error);
        if (error) fail(error);
        data.wrote(count);
    }
}

coro::task<void> connection::write_task(writing data) {
    std::error_code error;
    while (!data.left().empty()) {
        stream_->set_write_deadline(step_deadline());
        std::size_t count = 0;
        if (tcp_) {
            count = co_await coro::write_some(*tcp_, data.left(), error);
        } else {
            auto write = [&] { return stream_->write_some(data.left(), error); };
            count = co_await coro::on_fiber(write);
        }
        if (error) fail(error);
        data.wrote(count);
    }
}

void connection::write(std::string_view text) {
    std::array parts{std::as_bytes(std::span(text))};
    write(writing(parts));
}

bool connection::is_stale() {
    if (!stream_->is_open() || !input_.empty()) return true;
    // Only TCP can be asked without reading. Of other streams a dead one is found by using it.
    if (!tcp_) return false;
    char byte;
    return sys::try_recv(tcp_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != -EAGAIN;
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

std::span<std::byte> head_reading::room() {
    input_buffer& input = from_.input();
    if (!began_) {
        seen_ += skip_empty_lines(input);
        const bool half_empty_line = as_text(input.readable()) == "\r";
        began_ = !input.empty() && !half_empty_line && (parser_.is_request() || complete_status_line(input));
    }
    if (began_) {
        const auto done = parser_.put(input.readable(), {});
        input.consume(done.consumed);
        seen_ += done.consumed;
        start_line_is_done_ |= done.consumed != 0;
    }
    const bool complete = parser_.head_is_done();
    if (seen_ + (complete ? 0 : input.size()) > limit_bytes_)
        fail_with(errc::header_too_large, "more than the limit for headers");
    return complete ? std::span<std::byte>() : from_.room_to_fill();
}

void head_reading::take(std::size_t count) {
    if (from_.filled(count)) return;
    const input_buffer& input = from_.input();
    if (seen_ + input.size() == 0) fail_with(errc::closed_before_answer, "end of the stream");
    if (!parser_.is_request() && !start_line_is_done_ && !looks_like_http(as_text(input.readable())))
        fail_with(errc::malformed_message, "no status line");
    fail_with(errc::closed_within_header, "end of the stream");
}

// --- bodies ---

std::span<std::byte> body_reading::room() {
    input_buffer& input = from_.input();
    if (size_ != 0 || parser_.is_done() || buffer_.empty()) return {};
    if (!input.empty()) {
        const auto done = parser_.put(input.readable(), buffer_);
        input.consume(done.consumed);
        size_ = done.produced;
        if (size_ != 0 || parser_.is_done()) return {};
    }
    if (input.size() > chunk_header_limit_bytes) fail_with(errc::malformed_message, "an endless chunk header");
    is_direct_ = input.empty() && !parser_.is_chunked() && buffer_.size() >= direct_read_bytes;
    if (!is_direct_) return from_.room_to_fill();
    // Not beyond the body: what follows it belongs to the next message.
    const auto most = std::min<std::uint64_t>(buffer_.size(), parser_.remaining().value_or(buffer_.size()));
    return buffer_.first(static_cast<std::size_t>(most));
}

void body_reading::take(std::size_t count) {
    if (!is_direct_) from_.filled(count);
    // The parser copies a range onto itself, which take() of message_parser.cpp must allow.
    if (is_direct_ && count != 0) size_ = parser_.put(buffer_.first(count), buffer_).produced;
    if (count == 0 && !parser_.put_end_of_stream()) fail_with(errc::closed_within_body, "end of the stream");
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

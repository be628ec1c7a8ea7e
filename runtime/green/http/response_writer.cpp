// SPDX-License-Identifier: BSL-1.0
#include <green/http/response_writer.h>

#include <green/http/message_writer.h>
#include <green/http/status.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <stdexcept>

namespace green::http {

namespace {

constexpr std::size_t pending_limit_bytes = 16 * 1024;

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7). Made once a second and thread.
[[gnu::noinline]] std::string_view date_now() {
    thread_local std::time_t made_for = 0;
    thread_local char text[30];
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (now != made_for) {
        std::tm parts;
        gmtime_r(&now, &parts);
        constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                      parts.tm_mday % 100, months[parts.tm_mon], (parts.tm_year + 1900) % 10000, parts.tm_hour % 100,
                      parts.tm_min % 100, parts.tm_sec % 100);
        made_for = now;
    }
    return text;
}

std::optional<std::uint64_t> parse_length(std::optional<std::string_view> text) {
    std::uint64_t value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ptr != text->data() + text->size())
        return {};
    return value;
}

}  // namespace

response_writer::response_writer(detail::connection& c, const circumstances& about)
    : connection_(c), about_(about), keep_alive_(about.keep_alive) {}
response_writer::~response_writer() = default;

bool response_writer::has_body() const noexcept {
    return !about_.is_head && status_allows_body(status_);
}

void response_writer::set_status(int status) {
    if (status < 200 || status > 599)
        throw std::invalid_argument("green: " + std::to_string(status) +
                                    " is not the status of an HTTP answer (200 to 599)");
    status_ = status;
}

// `is_whole`: what is pending is all there will be.
void response_writer::send_header(bool is_whole) {
    fields_.remove("Transfer-Encoding");
    promised_ = parse_length(fields_.get("Content-Length"));
    if (!promised_) fields_.remove("Content-Length");
    if (is_whole && !promised_ && status_allows_body(status_) && !(about_.is_head && written_ == 0)) {
        promised_ = written_;
        fields_.set("Content-Length", std::to_string(written_));
    }
    if (!status_allows_body(status_)) {
        if (status_ != status::not_modified) fields_.remove("Content-Length");
        promised_.reset();
    }
    auto framing = detail::body_writer::framing::plain;
    if (has_body() && !promised_) {
        if (about_.is_http_1_0) {
            keep_alive_ = false;
        } else {
            fields_.set("Transfer-Encoding", "chunked");
            framing = detail::body_writer::framing::chunked;
        }
    }
    if (fields_.has_token("Connection", "close")) keep_alive_ = false;
    if (!keep_alive_)
        fields_.set("Connection", "close");
    else if (about_.is_http_1_0)
        fields_.set("Connection", "keep-alive");
    fields_.set_default("Date", date_now());
    sender_ =
        std::make_unique<detail::body_writer>(connection_, framing, detail::format_response_head(status_, fields_));
}

// A wrong Content-Length would make the client take this answer for another one's, or wait for more.
void response_writer::check_promise(bool is_whole) const {
    const auto promised = header_was_sent() ? promised_ : parse_length(fields_.get("Content-Length"));
    if (!promised || !has_body()) return;
    if (written_ > *promised || (is_whole && written_ < *promised && !header_was_sent()))
        throw std::logic_error("green: the handler wrote " + std::to_string(written_) + " bytes and promised " +
                               std::to_string(*promised) + " in its Content-Length");
}

void response_writer::write(std::span<const std::byte> piece) {
    written_ += piece.size();
    if (!has_body()) return;
    pending_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (pending_.size() > pending_limit_bytes) send_pending();
}

void response_writer::send_pending() {
    check_promise(false);
    if (!header_was_sent()) send_header(false);
    sender_->write(std::as_bytes(std::span(pending_)));
    pending_.clear();
}

void response_writer::flush() {
    send_pending();
    sender_->send_head();
}

void response_writer::send(int status, std::string_view content_type, std::string_view body) {
    set_status(status);
    fields_.set("Content-Type", content_type);
    write(body);
}

void response_writer::replace(int status, std::string_view text) {
    fields_.clear();
    pending_.clear();
    written_ = 0;
    send(status, "text/plain; charset=utf-8", text);
}

bool response_writer::finish() {
    check_promise(true);
    if (!header_was_sent()) send_header(true);
    sender_->finish(std::as_bytes(std::span(pending_)));
    pending_.clear();
    // A client that was promised more learns from the end of the connection that it will not come.
    const bool is_short = promised_ && has_body() && written_ < *promised_;
    return keep_alive_ && !is_short;
}

}  // namespace green::http

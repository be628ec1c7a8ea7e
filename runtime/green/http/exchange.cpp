// SPDX-License-Identifier: BSL-1.0
#include <green/http/exchange.h>

#include <green/http/describe_error.h>
#include <green/http/error.h>
#include <green/http/status.h>
#include <green/http/whole_body.h>

namespace green::http {

namespace detail {

exchange::exchange(lease l, message_parser p, const body_rules& rules, bool may_keep, std::string m, http::url u)
    : parser(std::move(p)),
      method(std::move(m)),
      url(std::move(u)),
      lease_(std::move(l)),
      rules_(rules),
      may_keep_(may_keep) {
    lease_->set_phase(phase::in_body);
    release_if_done();
}

exchange::~exchange() {
    discard_rest();
}

void exchange::discard_rest() noexcept {
    if (!lease_.get()) return;
    try {
        lease_->discard_buffered(parser);
        release_if_done();
    } catch (...) {
        // Garbage behind the body, or no memory to keep the connection. It is closed, and nobody wants the rest.
    }
    lease_.end();
}

void exchange::release_if_done() {
    if (!parser.is_done() || !lease_.get()) return;
    if (may_keep_ && parser.keep_alive() && !lease_->has_input())
        lease_.give_back();
    else
        lease_.end();
}

void exchange::count(std::uint64_t& total, std::size_t more) const {
    total += more;
    if (total > rules_.limit_bytes) throw std::system_error(make_error_code(errc::body_too_large), "body");
}

void exchange::choose_decoder() {
    decoder_is_chosen_ = true;
    if (!rules_.decode) return;
    const std::string coding = parser.head().fields.joined("Content-Encoding");
    if (coding.empty() || equal_ignoring_case(coding, "identity")) return;
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip"))
        decoder_ = std::make_unique<decoder>(decoder::coding::gzip);
    else if (equal_ignoring_case(coding, "deflate"))
        decoder_ = std::make_unique<decoder>(decoder::coding::deflate);
    else
        throw std::system_error(make_error_code(errc::unsupported_coding), coding);
}

// Of what has come and was not unpacked yet; 0 when there must come more.
std::size_t exchange::decode_some(std::span<std::byte> buffer) {
    for (;;) {
        const auto done = decoder_->decode(undecoded_, buffer);
        undecoded_ = undecoded_.subspan(done.consumed);
        count(decoded_bytes_, done.produced);
        if (done.produced != 0 || undecoded_.empty()) return done.produced;
        if (done.consumed == 0) throw std::system_error(make_error_code(errc::decompression_failed), "stuck");
    }
}

std::span<std::byte> exchange::reading::room() {
    if (!travelling_ && !is_over_) begin();
    while (!is_over_) {
        const auto room = travelling_->room();
        if (!room.empty()) return room;
        const std::size_t count = travelling_->size();
        travelling_.reset();
        of_.count(of_.travelled_bytes, count);
        of_.release_if_done();
        arrive(count);
    }
    return {};
}

void exchange::reading::begin() {
    if (!of_.parser.is_done() && of_.parser.content_length().value_or(0) > of_.rules_.limit_bytes)
        of_.count(of_.travelled_bytes, 0);
    if (!of_.decoder_is_chosen_) of_.choose_decoder();
    if (of_.decoder_) size_ = of_.decode_some(buffer_);
    is_over_ = size_ != 0;
    if (!is_over_) travel();
}

void exchange::reading::travel() {
    if (of_.parser.is_done()) return arrive(0);
    if (!of_.lease_.get()) throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor), "closed");
    if (of_.decoder_) of_.packed_.resize(16 * 1024);
    travelling_.emplace(*of_.lease_, of_.parser, of_.decoder_ ? std::span(of_.packed_) : buffer_);
}

// So many bytes of the body as it travels; 0: its end.
void exchange::reading::arrive(std::size_t count) {
    size_ = count;
    if (of_.decoder_ && count != 0) {
        of_.undecoded_ = std::span(of_.packed_).first(count);
        size_ = of_.decode_some(buffer_);
        if (size_ == 0) return travel();
    }
    if (of_.decoder_ && count == 0 && !of_.decoder_->is_complete())
        throw std::system_error(make_error_code(errc::decompression_failed), "the end is missing");
    is_over_ = true;
}

}  // namespace detail

// --- response ---

response::response(std::unique_ptr<detail::exchange> e) noexcept : exchange_(std::move(e)) {}
response::response(response&&) noexcept = default;
response& response::operator=(response&&) noexcept = default;
response::~response() = default;

int response::status() const noexcept {
    return exchange_->parser.head().status;
}
std::string_view response::reason() const noexcept {
    return exchange_->parser.head().reason;
}
const http::headers& response::headers() const noexcept {
    return exchange_->parser.head().fields;
}
const http::headers& response::trailers() const noexcept {
    return exchange_->parser.head().trailers;
}
int response::minor_version() const noexcept {
    return exchange_->parser.head().minor_version;
}
const http::url& response::url() const noexcept {
    return exchange_->url;
}
const std::vector<hop>& response::hops() const noexcept {
    return exchange_->hops;
}
std::optional<std::uint64_t> response::content_length() const noexcept {
    return exchange_->parser.content_length();
}
std::uint64_t response::travelled_bytes() const noexcept {
    return exchange_->travelled_bytes;
}
void response::close() noexcept {
    exchange_->close();
}
std::size_t response::do_read_some(std::span<std::byte> buffer) {
    detail::exchange::reading reading(*exchange_, buffer);
    detail::run(reading);
    return reading.size();
}
coro::task<std::size_t> response::read_some_task(std::span<std::byte> buffer) {
    if (buffer.empty()) co_return 0;
    try {
        detail::exchange::reading reading(*exchange_, buffer);
        co_await detail::run_task(reading);
        co_return reading.size();
    } catch (const std::system_error& error) {
        detail::rethrow_about(describe(), error);
    }
}
coro::task<std::string> response::read_all_task(std::size_t limit_bytes) {
    try {
        detail::whole_body all(limit_bytes);
        for (auto room = all.room(); !room.empty(); room = all.room()) {
            detail::exchange::reading reading(*exchange_, room);
            co_await detail::run_task(reading);
            all.take(reading.size());
        }
        co_return std::move(all).text();
    } catch (const std::system_error& error) {
        detail::rethrow_about(describe(), error);
    }
}
std::string response::describe() const {
    return exchange_->method + ' ' + exchange_->url.text();
}

}  // namespace green::http

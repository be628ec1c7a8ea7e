// SPDX-License-Identifier: BSL-1.0
#include <green/http/exchange.h>

#include <green/http/error.h>
#include <green/http/status.h>

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

std::size_t exchange::read_travelling(std::span<std::byte> buffer) {
    if (parser.is_done()) return 0;
    if (!lease_.get()) throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor), "closed");
    const std::size_t size = lease_->read_body(parser, buffer);
    count(travelled_bytes, size);
    release_if_done();
    return size;
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

std::size_t exchange::read_decoded(std::span<std::byte> buffer) {
    for (;;) {
        const auto done = decoder_->decode(undecoded_, buffer);
        undecoded_ = undecoded_.subspan(done.consumed);
        count(decoded_bytes_, done.produced);
        if (done.produced != 0) return done.produced;
        if (!undecoded_.empty()) {
            if (done.consumed == 0) throw std::system_error(make_error_code(errc::decompression_failed), "stuck");
            continue;
        }
        packed_.resize(16 * 1024);
        const std::size_t size = read_travelling(packed_);
        undecoded_ = std::span(packed_).first(size);
        if (size != 0) continue;
        if (!decoder_->is_complete())
            throw std::system_error(make_error_code(errc::decompression_failed), "the end is missing");
        return 0;
    }
}

std::size_t exchange::read_some(std::span<std::byte> buffer) {
    try {
        if (!parser.is_done() && parser.content_length().value_or(0) > rules_.limit_bytes) count(travelled_bytes, 0);
        if (!decoder_is_chosen_) choose_decoder();
        return decoder_ ? read_decoded(buffer) : read_travelling(buffer);
    } catch (...) {
        lease_.end();
        throw;
    }
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
    return exchange_->read_some(buffer);
}
std::string response::describe() const {
    return exchange_->method + ' ' + exchange_->url.text();
}

}  // namespace green::http

// SPDX-License-Identifier: BSL-1.0
// The one source file that compiles Beast. Facts of Beast 1.81 that shape it:
// - Its header limit holds for one field at a time; a header of endless short lines passes. So connection.cpp counts.
// - Trailers arrive by the same callback as header fields.
// - It takes what it calls a body limit of one or eight megabytes unless told otherwise.
// - It never copies or buffers: what it has not consumed must be shown again.
#include <green/http/message_parser.h>

#include <green/http/error.h>

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace green::http::detail {

namespace beast = boost::beast;

struct message_parser::implementation {
    virtual ~implementation() = default;
    virtual progress put(std::span<const std::byte> input, std::span<std::byte> output) = 0;
    virtual bool put_end_of_stream() = 0;
    virtual bool is_request() const noexcept = 0;
    virtual bool head_is_done() const noexcept = 0;
    virtual bool is_done() const noexcept = 0;
    virtual bool keep_alive() const noexcept = 0;
    virtual bool is_chunked() const noexcept = 0;
    virtual std::optional<std::uint64_t> content_length() const noexcept = 0;
    virtual std::optional<std::uint64_t> remaining() const noexcept = 0;

    message_head head;
};

namespace {

std::string_view view(beast::string_view text) noexcept {
    return {text.data(), text.size()};
}

template <class T>
std::optional<std::uint64_t> to_std(const boost::optional<T>& value) {
    return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

}  // namespace

template <bool IsRequest>
struct message_parser::beast_parser final : message_parser::implementation, beast::http::basic_parser<IsRequest> {
    using base = beast::http::basic_parser<IsRequest>;
    using error_code = beast::error_code;

    explicit beast_parser(bool without_body) {
        base::body_limit(boost::none);
        base::header_limit(std::numeric_limits<std::uint32_t>::max());
        base::skip(without_body);
    }

    progress put(std::span<const std::byte> input, std::span<std::byte> output) override {
        output_ = output;
        progress done;
        const bool began_in_head = !base::is_header_done();
        while (!base::is_done()) {
            error_code error;
            const auto rest = input.subspan(done.consumed);
            const std::size_t count = base::put(boost::asio::const_buffer(rest.data(), rest.size()), error);
            done.consumed += count;
            done.need_more = error == beast::http::error::need_more;
            if (error && !done.need_more)
                throw std::system_error(make_error_code(errc::malformed_message), error.message());
            if (done.need_more || count == 0 || (began_in_head && base::is_header_done())) break;
        }
        done.produced = output.size() - output_.size();
        return done;
    }

    bool put_end_of_stream() override {
        if (!base::got_some()) return false;
        error_code error;
        base::put_eof(error);
        return !error;
    }

    bool is_request() const noexcept override { return IsRequest; }
    bool head_is_done() const noexcept override { return base::is_header_done(); }
    bool is_done() const noexcept override { return base::is_done(); }
    bool keep_alive() const noexcept override { return base::keep_alive(); }
    bool is_chunked() const noexcept override { return base::chunked(); }
    std::optional<std::uint64_t> content_length() const noexcept override { return to_std(base::content_length()); }
    std::optional<std::uint64_t> remaining() const noexcept override {
        return to_std(base::content_length_remaining());
    }

  private:
    std::size_t take(beast::string_view body) noexcept {
        const std::size_t count = std::min(body.size(), output_.size());
        if (count != 0)
            std::memmove(output_.data(), body.data(), count);  // may be the same memory; see connection.cpp
        output_ = output_.subspan(count);
        return count;
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         error_code&) override {
        head.method = view(method);
        head.target = view(target);
        head.minor_version = version % 10;
    }
    void on_response_impl(int status, beast::string_view reason, int version, error_code&) override {
        head.status = status;
        head.reason = view(reason);
        head.minor_version = version % 10;
    }
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code&) override {
        (base::is_header_done() ? head.trailers : head.fields).add(view(name), view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(beast::string_view body, error_code&) override { return take(body); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
        return take(body);
    }
    void on_finish_impl(error_code&) override {}

    std::span<std::byte> output_;  // what is left of it; valid during put()
};

message_parser::message_parser(kind k) {
    if (k == kind::request)
        implementation_ = std::make_unique<beast_parser<true>>(false);
    else
        implementation_ = std::make_unique<beast_parser<false>>(k == kind::response_to_head);
}
message_parser::~message_parser() = default;
message_parser::message_parser(message_parser&&) noexcept = default;
message_parser& message_parser::operator=(message_parser&&) noexcept = default;

message_parser::progress message_parser::put(std::span<const std::byte> input, std::span<std::byte> output) {
    return implementation_->put(input, output);
}
bool message_parser::put_end_of_stream() {
    return implementation_->put_end_of_stream();
}
bool message_parser::is_request() const noexcept {
    return implementation_->is_request();
}
bool message_parser::head_is_done() const noexcept {
    return implementation_->head_is_done();
}
bool message_parser::is_done() const noexcept {
    return implementation_->is_done();
}
message_head& message_parser::head() noexcept {
    return implementation_->head;
}
bool message_parser::keep_alive() const noexcept {
    return implementation_->keep_alive();
}
bool message_parser::is_chunked() const noexcept {
    return implementation_->is_chunked();
}
std::optional<std::uint64_t> message_parser::content_length() const noexcept {
    return implementation_->content_length();
}
std::optional<std::uint64_t> message_parser::remaining() const noexcept {
    return implementation_->remaining();
}

}  // namespace green::http::detail

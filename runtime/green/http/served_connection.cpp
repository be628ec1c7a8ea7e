// SPDX-License-Identifier: BSL-1.0
#include <green/http/served_connection.h>

#include <green/hub/cancellation.h>
#include <green/http/message_writer.h>
#include <green/http/status.h>
#include <green/hub/hub.h>

#include <array>
#include <cstdio>

namespace green::http::detail {

namespace {

// What a client may still send after its answer before it is cut off.
constexpr std::size_t discard_limit_bytes = 256 * 1024;
constexpr duration linger_time = std::chrono::seconds(2);

// The answer to a request that cannot be understood; 0: there is nobody to answer.
int refusal_for(const std::error_code& error) noexcept {
    if (error == errc::header_too_large) return status::request_header_fields_too_large;
    if (error == errc::body_too_large) return status::content_too_large;
    if (error == errc::malformed_message) return status::bad_request;
    if (error == std::errc::timed_out) return status::request_timeout;
    return 0;
}

}  // namespace

served_connection::served_connection(byte_stream& stream, const handler& h, const server_options& options)
    : connection_(stream), handler_(h), options_(options), peer_(stream.describe()) {}

void served_connection::run() {
    try {
        for (std::size_t count = 0; count < options_.max_requests_per_connection; ++count)
            if (!serve_one() || is_stopping_) break;
    } catch (const std::system_error&) {
        // The peer has gone, or is too slow: its affair.
    }
    connection_.close();
}

void served_connection::stop() noexcept {
    is_stopping_ = true;
    if (is_idle_) connection_.close();
}

bool served_connection::serve_one() {
    if (!wait_for_request()) return false;
    int refusal = 0;
    if (!read_request(refusal)) {
        if (refusal != 0) refuse(refusal);
        return false;
    }
    connection_.set_limits(never, options_.step_timeout);
    request asked(*this);
    response_writer writer(connection_, circumstances());
    const bool may_go_on = answer(asked, writer);
    if (may_go_on && discard_body()) return true;
    if (!parser_.is_done()) linger();
    return false;
}

bool served_connection::wait_for_request() {
    if (connection_.has_input()) return true;
    if (is_stopping_) return false;
    connection_.set_phase(phase::waiting);
    connection_.set_limits(hub::current().deadline_after(options_.idle_timeout), duration::max());
    is_idle_ = true;
    const bool came = connection_.wait_for_input();
    is_idle_ = false;
    return came;
}

bool served_connection::read_request(int& refusal) {
    parser_ = message_parser(message_parser::kind::request);
    body_bytes_ = 0;
    must_continue_ = false;
    input_error_.clear();
    connection_.set_phase(phase::waiting);
    connection_.set_limits(hub::current().deadline_after(options_.header_timeout), duration::max());
    try {
        detail::run(head_reading(connection_, parser_, options_.header_limit_bytes));
    } catch (const std::system_error& error) {
        refusal = refusal_for(error.code());
        return false;
    }
    refusal = check_request();
    return refusal == 0;
}

// What the parser lets pass and a server must not (RFC 9112, sections 3.2 and 6.1). A body whose length two readers
// could take differently is how requests are smuggled past a proxy.
int served_connection::check_request() {
    const message_head& head = parser_.head();
    const std::size_t host_count = head.fields.get_all("Host").size();
    if (host_count > 1 || (host_count == 0 && head.minor_version > 0)) return status::bad_request;
    if (head.fields.contains("Transfer-Encoding")) {
        if (head.minor_version == 0) return status::bad_request;
        if (!equal_ignoring_case(head.fields.joined("Transfer-Encoding"), "chunked")) return status::not_implemented;
    }
    if (parser_.content_length().value_or(0) > options_.body_limit_bytes) return status::content_too_large;
    must_continue_ = !parser_.is_done() && head.minor_version > 0 && head.fields.has_token("Expect", "100-continue");
    return 0;
}

response_writer::circumstances served_connection::circumstances() const {
    auto& parser = const_cast<message_parser&>(parser_);
    return {.is_head = parser.head().method == "HEAD",
            .is_http_1_0 = parser.head().minor_version == 0,
            .keep_alive = parser.keep_alive()};
}

bool served_connection::answer(request& asked, response_writer& writer) {
    if (is_stopping_) writer.close_afterwards();
    const bool succeeded = handle(asked, writer);
    // The client holds the body back, and nobody wants it any more; whether it comes cannot be known.
    if (must_continue_ || is_stopping_) writer.close_afterwards();
    if (succeeded) return writer.finish();
    if (writer.header_was_sent()) return false;
    const int refusal = input_error_ ? refusal_for(input_error_) : status::internal_server_error;
    if (refusal == 0) return false;
    writer.replace(refusal, std::string(reason_phrase(refusal)) + "\n");
    writer.close_afterwards();
    return writer.finish();
}

bool served_connection::handle(request& asked, response_writer& writer) {
    try {
        handler_(asked, writer);
        writer.check();
        return true;
    } catch (const cancellation&) {
        throw;
    } catch (...) {
        if (!input_error_ && !connection_.has_failed()) report(asked);
        return false;
    }
}

void served_connection::report(const request& asked) {
    if (options_.report) return options_.report(asked, std::current_exception());
    try {
        throw;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "green: the handler of %s %s failed: %s\n", asked.method().c_str(),
                     asked.target().c_str(), error.what());
    } catch (...) {
        std::fprintf(stderr, "green: the handler of %s %s threw what is no std::exception\n", asked.method().c_str(),
                     asked.target().c_str());
    }
}

void served_connection::refuse(int status) {
    connection_.set_limits(never, std::min(options_.step_timeout, linger_time));
    response_writer writer(connection_, {.keep_alive = false});
    writer.replace(status, std::string(reason_phrase(status)) + "\n");
    writer.finish();
    linger();
}

std::size_t served_connection::read_body(std::span<std::byte> buffer) {
    if (parser_.is_done()) return 0;
    try {
        if (std::exchange(must_continue_, false)) connection_.write("HTTP/1.1 100 Continue\r\n\r\n");
        connection_.set_phase(phase::in_body);
        const std::size_t count = read_plainly(buffer);
        body_bytes_ += count;
        if (body_bytes_ > options_.body_limit_bytes)
            throw std::system_error(make_error_code(errc::body_too_large), "body");
        return count;
    } catch (const std::system_error& error) {
        input_error_ = error.code();
        throw;
    }
}

std::size_t served_connection::read_plainly(std::span<std::byte> buffer) {
    body_reading reading(connection_, parser_, buffer);
    detail::run(reading);
    return reading.size();
}

// The next request begins behind the body, read or not.
bool served_connection::discard_body() {
    std::array<std::byte, 4096> scrap;
    std::size_t discarded = 0;
    while (!parser_.is_done()) {
        discarded += read_plainly(scrap);
        if (discarded > discard_limit_bytes) return false;
    }
    return true;
}

// Closing with input unread resets the connection, and the reset may overtake the answer (RFC 9112, section 9.6). So
// the peer gets the end first, and a moment to notice.
void served_connection::linger() {
    connection_.set_limits(hub::current().deadline_after(linger_time), duration::max());
    connection_.stream().shutdown_write();
    std::array<std::byte, 4096> scrap;
    for (std::size_t discarded = 0; discarded <= discard_limit_bytes;) {
        const std::size_t count = connection_.read_some(scrap);
        if (count == 0) return;
        discarded += count;
    }
}

}  // namespace green::http::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/http/attempt.h>

#include <green/bridge/on_fiber.h>
#include <green/http/message_writer.h>
#include <green/http/status.h>
#include <green/net/connect.h>

#include <array>

namespace green::http::detail {

namespace {

[[noreturn]] void fail(errc value, const std::string& what = {}) {
    throw std::system_error(make_error_code(value), what);
}

// A peer that went away, as opposed to one that is slow or talks nonsense.
bool is_disconnection(const std::error_code& error) noexcept {
    return error == errc::closed_before_answer || error == std::errc::connection_reset ||
           error == std::errc::broken_pipe;
}

}  // namespace

attempt::attempt(std::shared_ptr<connection_pool> pool, const session_options& session,
                 const request_options& options, const body_source& body)
    : pool_(std::move(pool)),
      session_(session),
      options_(options),
      body_(body),
      deadline_(hub::current().deadline_after(options.timeout)) {}

coro::task<std::unique_ptr<exchange>> attempt::perform(const redirectable& request) {
    const bool is_tls = request.url.is_https();
    if (is_tls && !session_.connect_tls) fail(errc::no_tls);
    pool_key key{is_tls, request.url.host(), request.url.port()};
    lease l = co_await pool_->reserve(std::move(key), deadline_);
    if (l.get()) {
        const std::uint64_t received_before = l->received_bytes();
        try {
            co_return co_await try_on(l, request);
        } catch (const std::system_error& error) {
            const bool any_answer = l.get() && l->received_bytes() != received_before;
            if (any_answer || !is_disconnection(error.code()) || !may_repeat(request)) throw;
        }
        l.close();
    }
    std::unique_ptr<connection> fresh = co_await connect(request.url);
    l.put(std::move(fresh));
    co_return co_await try_on(l, request);
}

bool attempt::may_repeat(const redirectable& request) const {
    return is_idempotent_method(request.method) && (!request.has_body || body_.is_repeatable());
}

coro::task<std::unique_ptr<connection>> attempt::connect(const http::url& where) const {
    const time_point deadline = std::min(deadline_, hub::current().deadline_after(options_.connect_timeout));
    const connector& by = where.is_https() ? session_.connect_tls : session_.connect;
    std::unique_ptr<byte_stream> stream;
    try {
        if (by) {
            auto call = [&] { return by(where.host(), where.port(), deadline); };
            stream = co_await coro::on_fiber(call);
        } else {
            connect_options how;
            how.deadline = deadline;
            how.resolver = session_.resolver;
            std::string host = where.host();
            tcp_stream connected = co_await coro::connect(std::move(host), where.port(), how);
            stream = std::make_unique<tcp_stream>(std::move(connected));
        }
    } catch (const std::system_error& error) {
        // That name servers were silent, dns::errc::timed_out, says more.
        if (error.code() != std::make_error_code(std::errc::timed_out)) throw;
        fail(errc::timed_out_connecting, "connect to " + where.authority());
    }
    co_return std::make_unique<connection>(std::move(stream));
}

coro::task<std::unique_ptr<exchange>> attempt::try_on(lease& l, const redirectable& request) {
    const headers fields = fields_for(request);
    l->set_limits(deadline_, options_.step_timeout);
    l->set_phase(phase::sending);
    std::exception_ptr send_failure;
    try {
        co_await send(*l, request, fields);
    } catch (const std::system_error& error) {
        // A server may answer and close before it has read everything: 413, for example. Its answer says more.
        if (!is_disconnection(error.code())) throw;
        send_failure = std::current_exception();
    }
    l->set_phase(phase::waiting);
    try {
        message_parser parser = co_await receive_head(*l, request.method == "HEAD");
        const bool may_keep = !send_failure && !fields.has_token("Connection", "close");
        const body_rules rules{options_.body_limit_bytes,
                               options_.decompress && !request.headers.contains("Accept-Encoding")};
        co_return std::make_unique<exchange>(std::move(l), std::move(parser), rules, may_keep, request.method,
                                             request.url);
    } catch (const std::system_error&) {
        if (send_failure) std::rethrow_exception(send_failure);
        throw;
    }
}

headers attempt::fields_for(const redirectable& request) const {
    headers fields;
    fields.add("Host", request.headers.get_or("Host", request.url.authority()));
    for (const auto& [name, value] : request.headers)
        if (!equal_ignoring_case(name, "Host") && !equal_ignoring_case(name, "Content-Length") &&
            !equal_ignoring_case(name, "Transfer-Encoding"))
            fields.add(name, value);
    if (!session_.user_agent.empty()) fields.set_default("User-Agent", session_.user_agent);
    fields.set_default("Accept", "*/*");
    if (options_.decompress) fields.set_default("Accept-Encoding", "gzip, deflate");
    const bool expects_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (request.has_body && !body_.length_bytes())
        fields.add("Transfer-Encoding", "chunked");
    else if (request.has_body || expects_body)
        fields.add("Content-Length", std::to_string(request.has_body ? *body_.length_bytes() : 0));
    return fields;
}

coro::task<void> attempt::send(connection& c, const redirectable& request, const headers& fields) const {
    std::string head = format_request_head(request.method, request.url.target(), fields);
    const bool is_chunked = request.has_body && !body_.length_bytes();
    body_writer writer(c, is_chunked ? body_writer::framing::chunked : body_writer::framing::plain, std::move(head));
    const auto whole = request.has_body ? body_.bytes() : std::span<const std::byte>();
    if (request.has_body && body_.get_function())
        co_await send_pieces(writer);
    else
        co_await writer.finish_task(whole);
}

coro::task<void> attempt::send_pieces(body_writer& writer) const {
    std::vector<std::byte> room(16 * 1024);
    std::uint64_t sent = 0;
    const std::optional<std::uint64_t> length = body_.length_bytes();
    auto next = [&] { return body_.get_function()(room); };
    for (;;) {
        const std::size_t count = co_await coro::on_fiber(next);
        if (count == 0) break;
        sent += count;
        if (count > room.size() || sent > length.value_or(sent))
            fail(errc::invalid_request, "the body is longer than promised");
        const auto piece = std::span(room).first(count);
        co_await writer.write_task(piece);
    }
    if (sent < length.value_or(sent)) fail(errc::invalid_request, "the body is shorter than promised");
    co_await writer.finish_task();
}

coro::task<message_parser> attempt::receive_head(connection& c, bool is_head) const {
    // Interim answers (RFC 9110, section 15.2) are skipped; a server that sends nothing else is broken.
    for (int interim_count = 0; interim_count < 32; ++interim_count) {
        message_parser parser(is_head ? message_parser::kind::response_to_head : message_parser::kind::response);
        head_reading reading(c, parser, options_.header_limit_bytes);
        co_await run_task(reading);
        const int status = parser.head().status;
        if (status >= 200 || status == status::switching_protocols) co_return parser;
    }
    fail(errc::malformed_message, "too many interim answers");
}

}  // namespace green::http::detail

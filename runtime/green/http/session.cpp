// SPDX-License-Identifier: BSL-1.0
#include <green/http/session.h>

#include <green/bridge/block_on.h>
#include <green/http/attempt.h>
#include <green/http/describe_error.h>
#include <green/http/pool.h>
#include <green/http/redirect.h>

#include <algorithm>

namespace green::http {

namespace {

using detail::redirectable;

[[noreturn]] void fail(errc value, const std::string& what = {}) {
    throw std::system_error(make_error_code(value), what);
}

redirectable first_request(std::string_view method, std::string_view url, const headers& extra,
                           const body_source& body, const session_options& options) {
    if (!is_token(method)) fail(errc::invalid_request, "the method \"" + std::string(method) + "\"");
    std::error_code error;
    redirectable first{std::string(method), url::parse(url, error), extra, body.is_present()};
    if (error) throw std::system_error(error, "");
    for (const auto& [name, value] : options.headers)
        if (!extra.contains(name)) first.headers.add(name, value);
    return first;
}

bool was_made_already(const std::vector<std::pair<std::string, std::string>>& made, const redirectable& r) {
    return std::ranges::find(made, std::pair(r.method, r.url.text_without_fragment())) != made.end();
}

// Requests and follows redirects. `at` is kept up to date, for the text of an error.
coro::task<response> follow_redirects(detail::attempt& attempt, redirectable& at, const body_source& body,
                                      const request_options& options) {
    std::vector<hop> hops;
    std::vector<std::pair<std::string, std::string>> made;
    for (;;) {
        auto answer = co_await attempt.perform(at);
        const auto& head = answer->parser.head();
        const auto location = head.fields.get("Location");
        if (!options.follow_redirects || !detail::is_redirect(head.status) || !location) {
            answer->hops = std::move(hops);
            co_return response(std::move(answer));
        }
        hops.push_back({at.url, head.status});
        if (hops.size() > options.max_redirects)
            fail(errc::too_many_redirects, "more than " + std::to_string(options.max_redirects));
        made.emplace_back(at.method, at.url.text_without_fragment());
        redirectable next = detail::follow(at, head.status, *location);
        if (was_made_already(made, next)) fail(errc::redirect_loop, "back to " + next.url.text());
        if (next.has_body && !body.is_repeatable()) fail(errc::body_not_repeatable, "redirect to " + next.url.text());
        at = std::move(next);
    }
}

}  // namespace

session::session(session_options options)
    : options_(std::move(options)),
      pool_(std::make_shared<detail::connection_pool>(detail::pool_limits{
          options_.max_connections_per_host, options_.max_idle_per_host, options_.idle_timeout})) {}
session::session(session&&) noexcept = default;
session& session::operator=(session&& other) noexcept {
    std::swap(options_, other.options_);
    std::swap(pool_, other.pool_);
    return *this;
}
session::~session() {
    if (pool_) pool_->shut();
}

coro::task<response> session::request_task(std::string_view method, std::string_view url, const http::headers& extra,
                                           const body_source& body, const request_options& options) {
    std::string subject = std::string(method) + ' ' + std::string(url);
    redirectable at;
    bool began = false;
    try {
        at = first_request(method, url, extra, body, options_);
        began = true;
        detail::attempt attempt(pool_, options_, options, body);
        co_return co_await follow_redirects(attempt, at, body, options);
    } catch (const std::system_error& error) {
        if (began && at.url.text() != http::url::parse(url).text())
            subject += " (redirected to " + at.url.text() + ")";
        detail::rethrow_about(subject, error);
    }
}

response session::request(std::string_view method, std::string_view url, const http::headers& extra,
                          const body_source& body, const request_options& options) {
    return block_on(request_task(method, url, extra, body, options));
}

response session::request(std::string_view method, std::string_view url, const http::headers& extra,
                          const body_source& body, const request_options& options, std::error_code& error) {
    error.clear();
    try {
        return request(method, url, extra, body, options);
    } catch (const std::system_error& failure) {
        error = failure.code();
        return response(nullptr);
    }
}

void session::close_idle() noexcept {
    pool_->close_idle();
}

std::size_t session::idle_count() const noexcept {
    return pool_->idle_count();
}

}  // namespace green::http

namespace green::coro {

task<http::response> request(http::session& by, std::string method, std::string url, http::headers extra,
                             http::body_source body, http::request_options options) {
    co_return co_await by.request_task(method, url, extra, body, options);
}

task<http::response> get(http::session& by, std::string url, http::request_options options) {
    return request(by, "GET", std::move(url), {}, {}, options);
}

task<http::response> head(http::session& by, std::string url, http::request_options options) {
    return request(by, "HEAD", std::move(url), {}, {}, options);
}

task<http::response> post(http::session& by, std::string url, http::body_source body, std::string content_type,
                          http::request_options options) {
    http::headers extra{{"Content-Type", std::move(content_type)}};
    return request(by, "POST", std::move(url), std::move(extra), std::move(body), options);
}

}  // namespace green::coro

// SPDX-License-Identifier: BSL-1.0
#include <green/http/error.h>

#include <green/base/error_table.h>

namespace green::http {

namespace {

constexpr green::detail::error_words words[] = {
    {errc::invalid_url, "not a valid URL"},
    {errc::unsupported_scheme, "only http and https can be fetched"},
    {errc::no_tls, "https needs a TLS connector, and this session has none"},
    {errc::invalid_request, "the request cannot be sent"},
    {errc::closed_before_answer, "the connection was closed before an answer came", std::errc::connection_reset},
    {errc::closed_within_header, "the connection was closed within the header", std::errc::connection_reset},
    {errc::closed_within_body, "the connection was closed within the body", std::errc::connection_reset},
    {errc::malformed_message, "the peer does not speak HTTP/1.1"},
    {errc::header_too_large, "the header is too large"},
    {errc::body_too_large, "the body is too large"},
    {errc::too_many_redirects, "too many redirects"},
    {errc::redirect_loop, "the redirects go in a circle"},
    {errc::invalid_redirect, "a redirect leads to an invalid URL"},
    {errc::body_not_repeatable, "the request's body cannot be sent a second time"},
    {errc::decompression_failed, "the body cannot be decompressed"},
    {errc::unsupported_coding, "the body has an unsupported Content-Encoding"},
    {errc::timed_out_in_queue, "timed out waiting for a free connection to the host", std::errc::timed_out},
    {errc::timed_out_connecting, "timed out while connecting", std::errc::timed_out},
    {errc::timed_out_sending, "timed out while sending the request", std::errc::timed_out},
    {errc::timed_out_waiting, "timed out waiting for the answer", std::errc::timed_out},
    {errc::timed_out_in_body, "timed out within the body", std::errc::timed_out},
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const green::detail::error_table instance("green.http", words, "unknown HTTP error");
    return instance;
}

std::error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), error_category()};
}

}  // namespace green::http

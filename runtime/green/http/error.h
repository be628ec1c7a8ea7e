// SPDX-License-Identifier: BSL-1.0
// What can go wrong with an HTTP exchange beyond what its connection reports.
#pragma once

#include <system_error>

namespace green::http {

// Codes of the category "green.http". The closed_* compare equal to std::errc::connection_reset and the timed_out_*
// to std::errc::timed_out, so that callers who do not care for the phase need not name it.
enum class errc {
    invalid_url = 1,       // not a URL that can be fetched
    unsupported_scheme,    // neither http nor https
    no_tls,                // https, and nobody gave the session a connector for it
    invalid_request,       // a method or a header that cannot be sent
    closed_before_answer,  // the peer closed before the first byte
    closed_within_header,  // ... before the header was complete
    closed_within_body,    // ... before the body was complete
    malformed_message,     // what came is not HTTP/1.1 (RFC 9112)
    header_too_large,      // the header is longer than allowed
    body_too_large,        // the body is longer than allowed, as it travels or unpacked
    too_many_redirects,    // more than the options allow
    redirect_loop,         // a redirect to a request that was made already
    invalid_redirect,      // a redirect to what is no URL
    body_not_repeatable,   // a redirect or retry needs the body again, and it came from a function
    decompression_failed,  // the body is not what its Content-Encoding says
    unsupported_coding,    // a Content-Encoding other than gzip and deflate, which nobody asked for
    timed_out_in_queue,    // while all connections allowed to the host were in use
    timed_out_connecting,  // during the look-up of the name or the TCP handshake
    timed_out_sending,     // while the peer did not take the request
    timed_out_waiting,     // before the answer's header was complete
    timed_out_in_body,     // within the body
};

const std::error_category& error_category() noexcept;
std::error_code make_error_code(errc value) noexcept;

}  // namespace green::http

template <>
struct std::is_error_code_enum<green::http::errc> : std::true_type {};

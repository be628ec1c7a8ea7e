// SPDX-License-Identifier: BSL-1.0
// Status codes by name, and what a method or a status says about its message (RFC 9110, sections 9 and 15).
#pragma once

#include <string_view>

namespace green::http {

// Names for the codes that programs decide by. A status is an int: servers may send any from 100 to 999.
namespace status {
inline constexpr int continue_ = 100;
inline constexpr int switching_protocols = 101;
inline constexpr int ok = 200;
inline constexpr int created = 201;
inline constexpr int accepted = 202;
inline constexpr int no_content = 204;
inline constexpr int partial_content = 206;
inline constexpr int moved_permanently = 301;
inline constexpr int found = 302;
inline constexpr int see_other = 303;
inline constexpr int not_modified = 304;
inline constexpr int temporary_redirect = 307;
inline constexpr int permanent_redirect = 308;
inline constexpr int bad_request = 400;
inline constexpr int unauthorized = 401;
inline constexpr int forbidden = 403;
inline constexpr int not_found = 404;
inline constexpr int method_not_allowed = 405;
inline constexpr int request_timeout = 408;
inline constexpr int content_too_large = 413;
inline constexpr int too_many_requests = 429;
inline constexpr int request_header_fields_too_large = 431;
inline constexpr int internal_server_error = 500;
inline constexpr int not_implemented = 501;
inline constexpr int bad_gateway = 502;
inline constexpr int service_unavailable = 503;
inline constexpr int http_version_not_supported = 505;
}  // namespace status

// "Not Found" for 404; "" for a code that the registry does not have.
std::string_view reason_phrase(int status) noexcept;

// GET, HEAD, OPTIONS, TRACE: asks for nothing but information.
bool is_safe_method(std::string_view method) noexcept;
// The safe ones, PUT and DELETE: doing it twice is the same as once, so it may be repeated when the connection broke.
bool is_idempotent_method(std::string_view method) noexcept;

// Whether an answer with this status has a body at all (RFC 9112, section 6.3); that to a HEAD never has one.
bool status_allows_body(int status) noexcept;

}  // namespace green::http

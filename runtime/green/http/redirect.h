// SPDX-License-Identifier: BSL-1.0
// What a redirect makes of a request (RFC 9110, section 15.4). Sends nothing. Private to this room.
#pragma once

#include <green/http/headers.h>
#include <green/http/url.h>

#include <optional>
#include <string>
#include <system_error>

namespace green::http::detail {

// The parts of a request that a redirect may change.
struct redirectable {
    std::string method;
    http::url url;
    http::headers headers;
    bool has_body = false;
};

// Whether an answer of this status sends its client elsewhere by its Location.
bool is_redirect(int status) noexcept;

// What to ask for next. 303 becomes a GET without body, and so do 301 and 302 for a POST, as browsers have always done
// and the RFC allows; all else stays as it was. What is meant for one origin alone, Authorization and Cookie, does
// not reach another. A fragment is kept unless Location has its own. Throws std::system_error (invalid_redirect,
// unsupported_scheme).
redirectable follow(const redirectable& request, int status, std::string_view location);

}  // namespace green::http::detail

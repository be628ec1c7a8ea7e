// SPDX-License-Identifier: BSL-1.0
// Dates in HTTP headers. Reads no clock and obeys no locale.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace crawler {

/// Parses an HTTP-date in any of its three formats (RFC 9110 section 5.6.7); nothing when it is none.
///
/// Two-digit years of the obsolete RFC 850 format are 1970 to 2069.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace crawler

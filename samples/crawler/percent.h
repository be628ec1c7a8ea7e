// SPDX-License-Identifier: BSL-1.0
// Percent-encoding with one spelling per meaning (RFC 3986 section 2 and 6.2.2). Shared by URLs and
// robots.txt rules, which must be compared after the same treatment (RFC 9309 section 2.2.2). Knows nothing
// of URL structure.
#pragma once

#include <string>
#include <string_view>

namespace crawler {

/// Returns `text` with its percent-encoding normalised. Never fails and never parks.
///
/// - `%7e` becomes `~`: an escaped unreserved character is written plainly;
/// - `%c3` becomes `%C3`: other escapes keep their meaning and get upper-case digits;
/// - a `%` that starts no escape becomes `%25`;
/// - bytes that may not stand in a URL (controls, spaces, quotes, `|`, bytes past 127) are escaped, as
/// browsers do;
/// - reserved characters (`/`, `?`, `&`, `*` ...) stay as they are, because escaping them would change the
/// meaning.
std::string normalize_percent(std::string_view text);

/// Replaces each `%XX` by its byte, once. A `%` that starts no escape stays.
std::string decode_percent(std::string_view text);

}  // namespace crawler

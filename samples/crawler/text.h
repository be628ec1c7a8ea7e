// SPDX-License-Identifier: BSL-1.0
// Making text from strangers fit to be shown or stored: servers and pages choose bytes as they please.
#pragma once

#include <string>
#include <string_view>

namespace crawler {

/// Replaces each byte that is not part of well-formed UTF-8 (Unicode 15 table 3-7) by U+FFFD.
std::string valid_utf8(std::string_view text);

/// Makes text safe for a terminal: valid UTF-8, with each control character (C0, DEL, C1) replaced by a
/// question mark, so that no page can move the cursor or colour the screen.
std::string printable(std::string_view text);

}  // namespace crawler

// SPDX-License-Identifier: BSL-1.0
// The host of a URL in its one canonical spelling: names in lower case, addresses as the kernel would print
// them. Knows nothing of the rest of a URL and asks no name server.
#pragma once

#include <string>
#include <string_view>

namespace crawler {

/// A host, or the reason why the text is none.
struct host_result {
    std::string text;    ///< canonical; an IPv6 address stands in brackets; empty when there is a reason
    std::string reason;  ///< empty when all is well
};

/// Checks and canonicalises the host part of a URL, brackets of an IPv6 address included.
///
/// Names may be percent-encoded and may hold underscores. `0x7f.1` is an IPv4 address to browsers and to
/// libc, hence here. Names outside ASCII are refused: converting them needs the tables of UTS 46, and links
/// in real pages nearly always carry the xn-- spelling.
host_result canonical_host(std::string_view text);

}  // namespace crawler

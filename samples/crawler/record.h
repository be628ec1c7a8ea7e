// SPDX-License-Identifier: BSL-1.0
// What became of one URL, and its line in the --out file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace crawler {

/// Why a URL was not fetched on purpose: it is in the file, but no broken link.
enum class skip_reason { none, robots, https };

/// The result for one URL. Strings may hold any bytes.
struct record {
    std::string url;          ///< canonical, or as written in the page when it has no canonical form
    int status = 0;           ///< of the HTTP answer; 0 when there was none
    std::string type;         ///< Content-Type without parameters
    std::uint64_t bytes = 0;  ///< of the body as it travelled
    unsigned depth = 0;       ///< links away from a seed
    std::string from;         ///< the page that links here; empty for a seed
    std::string error;        ///< why there is no page; empty when all is well
    std::chrono::milliseconds elapsed{0};  ///< of all tries and the back-off between them; not of waiting for a turn
    skip_reason skipped = skip_reason::none;
};

/// Whether a reader who follows the link is disappointed: no answer, or one of 4xx and 5xx.
bool is_broken(const record& r);

/// One JSON object without a line break: url status type bytes depth from error milliseconds, in this order.
/// Always valid JSON in valid UTF-8: other bytes become U+FFFD.
std::string to_json(const record& r);

}  // namespace crawler

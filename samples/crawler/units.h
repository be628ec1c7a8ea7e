// SPDX-License-Identifier: BSL-1.0
// Sizes and durations as people read them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crawler {

/// "999 bytes", "1.5 MB": powers of 1000, one decimal.
std::string format_bytes(std::uint64_t count);

/// "0.4 s", "59.9 s", "2 min 5 s", "3 h 0 min".
std::string format_duration(std::chrono::milliseconds duration);

/// "1 page", "2 pages".
std::string format_count(std::size_t count, std::string_view noun);

}  // namespace crawler

// SPDX-License-Identifier: BSL-1.0
// The old tables in /etc: one entry per line, fields between blanks, # begins a comment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace green::dns::detail {

// Every line of the file that is not empty, split into fields; nothing when the file cannot be read.
std::vector<std::vector<std::string>> read_table(const std::string& path);

// Lower-cases ASCII, as names compare (RFC 4343).
std::string lower(std::string_view text);

}  // namespace green::dns::detail

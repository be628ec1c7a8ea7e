// SPDX-License-Identifier: BSL-1.0
// Looking for a part of a text.
#pragma once

#include <string_view>

namespace support {

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace support

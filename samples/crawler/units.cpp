// SPDX-License-Identifier: BSL-1.0
// Tenths are computed in integers, so that rounding never depends on the floating-point unit.
#include "crawler/units.h"

#include <array>

namespace crawler {
namespace {

std::string with_tenths(std::uint64_t tenths) {
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

}  // namespace

std::string format_bytes(std::uint64_t count) {
    if (count < 1000) return format_count(count, "byte");
    static constexpr std::array<const char*, 6> names{"kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t name = 0;
    std::uint64_t unit = 1000;
    while (count / unit >= 1000 && name + 1 < names.size()) {
        unit *= 1000;
        ++name;
    }
    return with_tenths(count / (unit / 10)) + ' ' + names[name];
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto ms = static_cast<std::uint64_t>(duration.count() > 0 ? duration.count() : 0);
    const auto seconds = ms / 1000;
    if (seconds < 60) return with_tenths(ms / 100) + " s";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
    return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string format_count(std::size_t count, std::string_view noun) {
    return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace crawler

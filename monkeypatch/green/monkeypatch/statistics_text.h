// SPDX-License-Identifier: BSL-1.0
// Statistics in words, without memory of its own: a process may end in a signal handler.
#pragma once

#include <green/monkeypatch/statistics.h>

#include <span>
#include <string_view>

namespace green::monkeypatch::detail {

inline constexpr std::size_t longest_text_bytes = 32 * 1024;

// Writes the text, as much of it as there is room for.
std::string_view write_text(std::span<char> into, const statistics& of) noexcept;

}  // namespace green::monkeypatch::detail

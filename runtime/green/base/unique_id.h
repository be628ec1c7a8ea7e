// SPDX-License-Identifier: BSL-1.0
// Numbers that are never given out twice in a process.
#pragma once

#include <atomic>
#include <cstdint>

namespace green::detail {

// One series of numbers per Tag, starting at 1. Each thread takes them by the block, so that almost none costs a
// locked instruction; on one thread they are consecutive.
template <class Tag>
std::uint64_t unique_id() noexcept {
    constexpr std::uint64_t block = std::uint64_t{1} << 20;
    static constinit std::atomic<std::uint64_t> next_block{0};
    thread_local constinit std::uint64_t last = 0;
    if (last % block == 0) [[unlikely]] last = next_block.fetch_add(1, std::memory_order_relaxed) * block;
    return ++last;
}

}  // namespace green::detail

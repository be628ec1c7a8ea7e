// SPDX-License-Identifier: BSL-1.0
// Memory for what is made and destroyed all the time, of a few sizes: the frames of coroutines, the blocks of tasks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace green::detail {

// What is derived from it gets its memory from its thread's freed objects of about the same size, and leaves it to the
// next one, on whichever thread it dies. At most 32 KiB of each size are kept, until the thread ends. Under a sanitizer
// nothing is, so that a use after the end is seen.
//
// Rejected: malloc alone. Its own lists of freed memory hold seven of a size, so a hundred levels that await each other
// cost more than a hundred times one level; and reaching them takes a call for each.
class recycled {
  public:
    static void* operator new(std::size_t bytes) {
        const std::size_t kind = kind_of(bytes);
        if (kept* mine = of_this_thread; mine && kind < kinds && (*mine)[kind].first) [[likely]] {
            stock& of_kind = (*mine)[kind];
            item* taken = of_kind.first;
            of_kind.first = taken->next;
            ++of_kind.room;
            return taken;
        }
        return allocate(kind < kinds ? size_of(kind) : bytes);
    }
    static void operator delete(void* memory, std::size_t bytes) noexcept {
        if (!keep(memory, kind_of(bytes))) free(memory, kind_of(bytes));
    }

  private:
    struct item {
        item* next;
    };
    struct stock {
        item* first;
        std::uint32_t room;  // for so many more
    };
    // Sizes that malloc(3) would round up to as well: 8, 24, 40, ...
    static constexpr std::size_t kinds = 33;
    static constexpr std::size_t kind_of(std::size_t bytes) noexcept { return (bytes + 7) / 16; }
    static constexpr std::size_t size_of(std::size_t kind) noexcept { return kind * 16 + 8; }
    static constexpr std::size_t most_kept_bytes = 32768;
    using kept = std::array<stock, kinds>;

    static bool keep(void* memory, std::size_t kind) noexcept {
        kept* const mine = of_this_thread;
        if (!mine || kind >= kinds || !(*mine)[kind].room) [[unlikely]] return false;
        stock& of_kind = (*mine)[kind];
        of_kind.first = new (memory) item{of_kind.first};
        --of_kind.room;
        return true;
    }

    class owner;
    static void* allocate(std::size_t bytes);
    static void free(void* memory, std::size_t kind) noexcept;

    // Null until something was freed, and while the thread ends.
    [[gnu::tls_model("initial-exec")]] static thread_local constinit kept* of_this_thread;
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// Dense storage for objects of one type, which can be walked without a list of them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace green::detail {

// Hands out raw storage for T, last freed first. Chunks are never given back. Not thread-safe. Rejected: a list
// threaded through the objects (two more pointers each, and four writes per spawn and end).
template <class T>
class slab {
  public:
    slab() = default;
    slab(const slab&) = delete;
    slab& operator=(const slab&) = delete;

    // Storage for one T, not constructed. Throws std::bad_alloc.
    void* allocate() {
        if (!free_) grow();
        cell* taken = free_;
        free_ = taken->next_free;
        taken->in_use = true;
        return taken->storage;
    }

    // Takes storage back whose object has been destroyed.
    void deallocate(void* storage) noexcept {
        cell* freed = reinterpret_cast<cell*>(storage);
        freed->in_use = false;
        freed->next_free = free_;
        free_ = freed;
    }

    // How many are handed out; looks at all.
    std::size_t count() {
        std::size_t count = 0;
        for_each([&](T&) { ++count; });
        return count;
    }

    template <class Visit>
    void for_each(Visit&& visit) {
        for (auto& chunk : chunks_)
            for (std::size_t i = 0; i < cells_per_chunk; ++i)
                if (chunk[i].in_use) visit(*std::launder(reinterpret_cast<T*>(chunk[i].storage)));
    }

  private:
    static constexpr std::size_t cache_line_bytes = 64;
    struct alignas(cache_line_bytes) cell {
        alignas(T) std::byte storage[sizeof(T)];  // first, so that storage and cell have one address
        cell* next_free;
        bool in_use;
    };
    static constexpr std::size_t cells_per_chunk = 256;

    void grow() {
        chunks_.reserve(chunks_.size() + 1);
        std::unique_ptr<cell[]> chunk(new cell[cells_per_chunk]);
        for (std::size_t i = cells_per_chunk; i-- > 0;) {
            chunk[i].in_use = false;
            chunk[i].next_free = free_;
            free_ = &chunk[i];
        }
        chunks_.push_back(std::move(chunk));
    }

    cell* free_ = nullptr;
    std::vector<std::unique_ptr<cell[]>> chunks_;
};

}  // namespace green::detail

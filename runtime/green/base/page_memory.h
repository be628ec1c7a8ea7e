// SPDX-License-Identifier: BSL-1.0
// An array's memory, straight from the kernel (mmap(2), mremap(2)).
#pragma once

#include <cstddef>

namespace green::detail {

// Whole pages, which grow where they stand or are moved by their page tables: nothing is copied, pages that were never
// written to take no memory, and no smaller array is left behind as a hole among what was allocated meanwhile.
class page_memory {
  public:
    page_memory() = default;
    page_memory(const page_memory&) = delete;
    page_memory& operator=(const page_memory&) = delete;
    ~page_memory();

    // At the start of a page; null while there are none.
    std::byte* data() const noexcept { return data_; }
    std::size_t size_bytes() const noexcept { return size_bytes_; }

    // Twice as many, at first one; the bytes they had stay, though it may be elsewhere, the new ones are zero. Throws
    // std::bad_alloc, and is unchanged then.
    void grow();

  private:
    std::byte* data_ = nullptr;
    std::size_t size_bytes_ = 0;
};

}  // namespace green::detail

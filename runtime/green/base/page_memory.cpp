// SPDX-License-Identifier: BSL-1.0
#include <green/base/page_memory.h>

#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace green::detail {

void page_memory::grow() {
    const std::size_t bytes = data_ ? 2 * size_bytes_ : static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const grown = data_ ? mremap(data_, size_bytes_, bytes, MREMAP_MAYMOVE)
                              : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (grown == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(grown);
    size_bytes_ = bytes;
}

page_memory::~page_memory() {
    if (data_) munmap(data_, size_bytes_);
}

}  // namespace green::detail

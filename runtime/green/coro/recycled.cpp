// SPDX-License-Identifier: BSL-1.0
#include <green/coro/recycled.h>

#include <green/sys/sanitizers.h>

#include <memory>
#include <new>

namespace green::detail {

thread_local constinit recycled::kept* recycled::of_this_thread = nullptr;

class recycled::owner {
  public:
    owner() noexcept : kept_(new (std::nothrow) kept{}) {
        if (!kept_) return;
        for (std::size_t kind = 0; kind < kinds; ++kind)
            (*kept_)[kind].room = static_cast<std::uint32_t>(most_kept_bytes / size_of(kind));
        of_this_thread = kept_.get();
    }
    ~owner() {
        of_this_thread = nullptr;
        if (!kept_) return;
        for (stock& of_kind : *kept_) {
            while (item* last = of_kind.first) {
                of_kind.first = last->next;
                ::operator delete(last);
            }
        }
    }

  private:
    std::unique_ptr<kept> kept_;
};

void* recycled::allocate(std::size_t bytes) {
    return ::operator new(bytes);
}

void recycled::free(void* memory, std::size_t kind) noexcept {
    if constexpr (!sys::with_sanitizer) {
        thread_local owner mine;  // made once; does not come back when the thread ends
        (void)mine;
        if (keep(memory, kind)) return;
    }
    ::operator delete(memory);
}

}  // namespace green::detail

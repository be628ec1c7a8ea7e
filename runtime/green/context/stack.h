// SPDX-License-Identifier: BSL-1.0
// Stacks for fibers: many in one mapping, each with a guard below it, reused last-in first-out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace green::detail {

// One stack: [bottom, bottom + size_bytes), growing down from top(). Below bottom lies its guard.
struct stack {
    std::byte* bottom = nullptr;
    std::size_t size_bytes = 0;

    std::byte* top() const noexcept { return bottom + size_bytes; }
};

// How the page below a stack is kept out of reach, from best to last resort.
enum class guard_kind {
    marker,    // MADV_GUARD_INSTALL (Linux 6.13): a mark in the page table, costs no mapping
    mapping,   // mprotect(PROT_NONE): splits the mapping; until half of vm.max_map_count is used up
    canary,    // a pattern in the lowest bytes, looked at when the stack is given back
};

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t smallest_stack_bytes = 16 * 1024;
inline constexpr std::size_t largest_stack_bytes = std::size_t{1} << 30;
inline constexpr std::size_t default_stack_bytes = 256 * 1024;

// How much is kept out of reach below a stack of that size: a quarter of it, up to 64 KiB, in whole pages. Address
// space alone, but what a function skips at once, with a large array say, may be more than a page.
constexpr std::size_t guard_bytes_below(std::size_t stack_bytes) noexcept {
    return std::clamp<std::size_t>(stack_bytes / 4 / page_bytes * page_bytes, page_bytes, 64 * 1024);
}

// Throws std::invalid_argument for a size below smallest_stack_bytes or above largest_stack_bytes.
void check_stack_size(std::size_t size_bytes);

// The stacks of one thread. An arena is one mapping, cut into slots:
//
//      | guard | stack ........... | guard | stack ........... | ...
//      low addresses                                      high addresses
//
// A stack given back stays warm: its pages keep their memory, and the last one given back is the first to be
// handed out, because the first touch of a page costs microseconds. trim() gives the pages of stacks that
// stayed unused back to the kernel. Address space is never given back. Not thread-safe: one pool per hub.
class stack_pool {
  public:
    stack_pool();
    ~stack_pool();
    stack_pool(const stack_pool&) = delete;
    stack_pool& operator=(const stack_pool&) = delete;

    // A stack of at least `size_bytes`, rounded up to whole pages. Throws std::invalid_argument when the size is
    // below smallest_stack_bytes or above largest_stack_bytes, std::system_error (ENOMEM) when the kernel has
    // no address space left.
    stack acquire(std::size_t size_bytes) {
        if (!last_used_ || last_used_->stack_bytes != size_bytes) [[unlikely]] last_used_ = &class_for(size_bytes);
        size_class& from = *last_used_;
        if (from.warm.empty()) [[unlikely]] return acquire_slowly(from);
        std::byte* bottom = from.warm.back();
        from.warm.pop_back();
        if (from.warm.size() < from.fewest_warm) from.fewest_warm = from.warm.size();
        return {bottom, from.stack_bytes};
    }

    // Takes a stack back. Aborts, naming the overflow, when its canary was overwritten.
    [[gnu::always_inline]] void release(stack used) noexcept {
        if (!last_used_ || last_used_->stack_bytes != used.size_bytes) [[unlikely]]
            last_used_ = &class_for(used.size_bytes);
        if (!last_used_->canaries.empty()) [[unlikely]] check_canary(*last_used_, used);
        auto& warm = last_used_->warm;
        if (warm.size() == warm.capacity()) __builtin_unreachable();  // room was reserved with the arena
        warm.push_back(used.bottom);
    }

    // Gives back the memory of every stack that was idle during the whole time since the last trim(). Returns
    // how many stacks are warm afterwards.
    std::size_t trim() noexcept;

    std::size_t warm_count() const noexcept;
    // How many stacks are handed out; for tests and dumps.
    std::size_t in_use_count() const noexcept;

    // From now on called each time before a stack is handed out whose memory was not kept warm, by acquire().
    void on_cold_stack(void (*call)() noexcept) noexcept { on_cold_stack_ = call; }

    // Forces a lower step of the ladder, for tests; in force for slots not handed out yet, in every pool.
    static void use_guards_no_better_than(guard_kind best) noexcept;
    static guard_kind guard_in_use() noexcept;

  private:
    // All stacks of one size.
    struct size_class {
        struct arena {
            std::byte* base;
            std::size_t size_bytes;
        };

        explicit size_class(std::size_t size_bytes) noexcept : stack_bytes(size_bytes) {}
        ~size_class();
        std::size_t slot_bytes() const noexcept;
        void map_arena();
        bool has_canary(std::byte* bottom) const noexcept;

        std::size_t stack_bytes;
        std::vector<std::byte*> warm;      // given back, memory kept; used from the back
        std::size_t fewest_warm = 0;       // since the last trim(): so many were never needed
        std::vector<std::byte*> cold;      // given back, memory returned to the kernel
        std::vector<std::byte*> canaries;  // bottoms of stacks without a guard page, sorted
        std::byte* fresh = nullptr;        // the first slot of the newest arena that was never handed out
        std::byte* fresh_end = nullptr;
        std::vector<arena> arenas;
    };

    size_class& class_for(std::size_t size_bytes);
    stack acquire_slowly(size_class& from);
    static void check_canary(const size_class& of, stack used) noexcept;

    std::vector<std::unique_ptr<size_class>> classes_;
    size_class* last_used_ = nullptr;
    void (*on_cold_stack_)() noexcept = nullptr;
};

}  // namespace green::detail

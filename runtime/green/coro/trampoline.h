// SPDX-License-Identifier: BSL-1.0
// Going from coroutine to coroutine, however deep they nest, on one frame of the stack.
#pragma once

#include <coroutine>
#include <cstdint>

namespace green::detail {

// Of a chain of coroutines, each of which has called the next: knows the innermost one, which runs or is to go on.
class trampoline {
  public:
    explicit trampoline(std::coroutine_handle<> first) noexcept : innermost_(first) {}
    trampoline(const trampoline&) = delete;
    trampoline& operator=(const trampoline&) = delete;

    // Resumes the innermost coroutine, until one is suspended without a transfer. Throws what escapes from a coroutine.
    void run() {
        do {
            base_ = stack_position();
            innermost_.resume();
        } while (is_bouncing());
    }
    // It was left in the middle, by a transfer from another chain whose run() is under way: it wants to be run.
    bool is_bouncing() const noexcept { return base_ == bouncing; }
    // While none runs: the one to go on with; the first one of all before it has begun and once all have ended.
    std::coroutine_handle<> innermost() const noexcept { return innermost_; }

    // For await_suspend(): goes on in `next` without growing the stack. Symmetric transfer is a tail call only where
    // the compiler makes it one (GCC: not below -O2, and not under sanitizers); elsewhere it goes back to run() when the
    // stack has grown by a page. To count the transfers instead costs more, and says less of the stack.
    std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
        innermost_ = next;
        if (base_ - stack_position() < most_growth_bytes) [[likely]] return next;
        base_ = bouncing;
        return std::noop_coroutine();
    }
    // The same, into another chain, where that was suspended.
    std::coroutine_handle<> transfer_into(trampoline& other) const noexcept {
        other.base_ = base_;
        return other.transfer_to(other.innermost_);
    }

  private:
    static constexpr std::uint32_t bouncing = 0, most_growth_bytes = 4096;

    // About where the stack ends at present: the lower half of an odd address, enough for a difference.
    [[gnu::always_inline]] static std::uint32_t stack_position() noexcept {
        char here;
        return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&here)) | 1;
    }

    std::coroutine_handle<> innermost_;
    std::uint32_t base_ = 1;  // where it was in run(), or that it is bouncing
};

}  // namespace green::detail

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
            bouncing_ = false;
            transfers_ = 0;
            innermost_.resume();
        } while (bouncing_);
    }
    // It was left in the middle, by a transfer from another chain whose run() is under way: it wants to be run.
    bool is_bouncing() const noexcept { return bouncing_; }
    // While none runs: the one to go on with; the first one of all before it has begun and once all have ended.
    std::coroutine_handle<> innermost() const noexcept { return innermost_; }

    // For await_suspend(): goes on in `next` without growing the stack. Symmetric transfer is a tail call only where
    // the compiler makes it one (GCC: not below -O2, and not under sanitizers), so every so often it goes back to
    // run().
    std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
        innermost_ = next;
        if (++transfers_ < most_transfers) [[likely]] return next;
        bouncing_ = true;
        return std::noop_coroutine();
    }
    // The same, into another chain, where that was suspended.
    std::coroutine_handle<> transfer_into(trampoline& other) const noexcept {
        other.transfers_ = transfers_;
        return other.transfer_to(other.innermost_);
    }

  private:
    static constexpr std::uint8_t most_transfers = 64;

    std::coroutine_handle<> innermost_;
    std::uint8_t transfers_ = 0;
    bool bouncing_ = false;
};

}  // namespace green::detail

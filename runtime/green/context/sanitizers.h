// SPDX-License-Identifier: BSL-1.0
// What AddressSanitizer, ThreadSanitizer and Valgrind must be told about stacks and switches, so that they do
// not take a switch for a wild stack pointer. Without them every function here is empty.
#pragma once

#include <green/sys/sanitizers.h>

#include <cstddef>

// On a function that ThreadSanitizer must not count as a call.
#if defined(GREEN_TSAN) && defined(__clang__)
#define GREEN_UNCOUNTED __attribute__((disable_sanitizer_instrumentation))
#elif defined(GREEN_TSAN)
#define GREEN_UNCOUNTED __attribute__((no_sanitize_thread))
#else
#define GREEN_UNCOUNTED
#endif

#ifdef GREEN_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef GREEN_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace green::detail {

// What the sanitizers keep for one stack. A native stack (a thread's own) has its bounds looked up, one of
// ours is told them.
class stack_shadow {
  public:
    // Announces the stack [bottom, bottom + size_bytes) before the first switch to it. Its last user may have
    // left frames behind that never returned, so its memory is declared clean.
    void begin([[maybe_unused]] void* bottom, [[maybe_unused]] std::size_t size_bytes) noexcept {
#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
        announce(bottom, size_bytes);
#endif
    }
    // Announces the calling thread's own stack.
    void begin_native() noexcept;
    // The code on it has ended; called from another stack.
    void end() noexcept;

    // Called on the old stack right before the jump, `dying` when it is never switched to again …
    [[gnu::always_inline]] static inline void leave([[maybe_unused]] stack_shadow& from,
                                                    [[maybe_unused]] stack_shadow& to,
                                                    [[maybe_unused]] bool dying) noexcept {
#ifdef GREEN_ASAN
        __sanitizer_start_switch_fiber(dying ? nullptr : &from.fake_stack_, to.bottom_, to.size_bytes_);
#endif
#ifdef GREEN_TSAN
        if (dying) ended_fiber() = from.tsan_fiber_;
        __tsan_switch_to_fiber(to.tsan_fiber_, 0);
#endif
    }
    // … and this on the new stack right after it.
    [[gnu::always_inline]] inline void arrive() noexcept {
#ifdef GREEN_ASAN
        __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
#ifdef GREEN_TSAN
        if (void* ended = ended_fiber()) {  // could not be destroyed while it was running
            ended_fiber() = nullptr;
            __tsan_destroy_fiber(ended);
        }
#endif
    }

#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
  private:
    void announce(void* bottom, std::size_t size_bytes) noexcept;
#endif
#ifdef GREEN_ASAN
  private:
    void* fake_stack_ = nullptr;
    const void* bottom_ = nullptr;
    std::size_t size_bytes_ = 0;
#endif
#ifdef GREEN_TSAN
  private:
    static void*& ended_fiber() noexcept;
    void* tsan_fiber_ = nullptr;
#endif
};

// Tells Valgrind that [bottom, top) is a stack, once and for all. Costs nothing outside Valgrind.
void register_stack(void* bottom, void* top) noexcept;

}  // namespace green::detail

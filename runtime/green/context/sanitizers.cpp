// SPDX-License-Identifier: BSL-1.0
#include <green/context/sanitizers.h>

#ifdef GREEN_ASAN
#include <sanitizer/asan_interface.h>

#include <pthread.h>
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define GREEN_VALGRIND 1
#endif

namespace green::detail {

#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
void stack_shadow::announce([[maybe_unused]] void* bottom, [[maybe_unused]] std::size_t size_bytes) noexcept {
#ifdef GREEN_ASAN
    ASAN_UNPOISON_MEMORY_REGION(bottom, size_bytes);
    fake_stack_ = nullptr;
    bottom_ = bottom;
    size_bytes_ = size_bytes;
#endif
#ifdef GREEN_TSAN
    tsan_fiber_ = __tsan_create_fiber(0);
#endif
}
#endif

void stack_shadow::begin_native() noexcept {
#ifdef GREEN_ASAN
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    void* bottom = nullptr;
    pthread_attr_getstack(&attributes, &bottom, &size_bytes_);
    pthread_attr_destroy(&attributes);
    bottom_ = bottom;
#endif
#ifdef GREEN_TSAN
    tsan_fiber_ = __tsan_get_current_fiber();
#endif
}

void stack_shadow::end() noexcept {
#ifdef GREEN_TSAN
    if (tsan_fiber_) __tsan_destroy_fiber(tsan_fiber_);
    tsan_fiber_ = nullptr;
#endif
}

#ifdef GREEN_TSAN
void*& stack_shadow::ended_fiber() noexcept {
    thread_local void* ended = nullptr;
    return ended;
}
#endif

void register_stack([[maybe_unused]] void* bottom, [[maybe_unused]] void* top) noexcept {
#ifdef GREEN_VALGRIND
    (void)VALGRIND_STACK_REGISTER(bottom, top);
#endif
}

}  // namespace green::detail

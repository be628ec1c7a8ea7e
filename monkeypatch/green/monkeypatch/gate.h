// SPDX-License-Identifier: BSL-1.0
// The question that every patched call asks first: may it park here? All else goes to the real libc.
#pragma once

#include <green/fiber/scheduler.h>
#include <green/monkeypatch/symbols.h>

#include <atomic>

#include <setjmp.h>

namespace green::monkeypatch::detail {

// Plain data, good before any constructor has run: a call may come from a static initialiser, or from the dynamic loader.
extern constinit std::atomic<unsigned> patched_families;

constexpr unsigned bit_of(family f) noexcept {
    return 1u << static_cast<unsigned>(f);
}

// This thread may get a hub when it first waits. Others have one only when they use green.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit bool may_have_hub;

// Where the signal handler that runs on this thread is left by a jump; null while none does. It may have interrupted
// anything, malloc(3) and the hub too, so that what it calls is libc's.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit std::atomic<__jmp_buf_tag*> handler_exit;
inline bool in_handler() noexcept {
    return handler_exit.load(std::memory_order_relaxed);
}

inline bool is_any_patched() noexcept {
    return patched_families.load(std::memory_order_relaxed) != 0;
}
inline bool is_patched(family f) noexcept {
    return patched_families.load(std::memory_order_relaxed) & bit_of(f);
}

// The child of a vfork(2) has this process's memory, which is not to be changed, and not its descriptors. Costs a system
// call.
bool in_vfork_child() noexcept;

// Whether the calls of a family are taken over at all, on any thread.
inline bool is_taken_over(family f) noexcept {
    return is_patched(f) && !in_vfork_child();
}

// The scheduler of the fiber that makes the call; null when the call is libc's.
green::detail::scheduler* first_scheduler() noexcept;
inline green::detail::scheduler* taken_over(family f) noexcept {
    if (!is_patched(f) || in_handler()) return nullptr;
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    if (!s) [[unlikely]] s = may_have_hub ? first_scheduler() : nullptr;
    if (!s || (s->running().attention & green::detail::agent::is_hub)) return nullptr;
    return s;
}

}  // namespace green::monkeypatch::detail

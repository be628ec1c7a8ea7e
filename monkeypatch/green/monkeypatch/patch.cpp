// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/patch.h>

#include <green/hub/hub.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/interruption.h>

#include <algorithm>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace green::monkeypatch {

namespace detail {

constinit std::atomic<unsigned> patched_families{0};
thread_local constinit bool may_have_hub = false;
thread_local constinit std::atomic<__jmp_buf_tag*> handler_exit{nullptr};

namespace {
constinit std::atomic<void*> originals[symbol_count] = {};
}

// Two threads may look for the same one: both find it.
void* find_original(symbol which) noexcept {
    const auto at = static_cast<std::size_t>(which);
    void* found = originals[at].load(std::memory_order_relaxed);
    if (!found) [[unlikely]] {
        found = ::dlsym(RTLD_NEXT, symbols[at].name);
        originals[at].store(found, std::memory_order_relaxed);
    }
    return found;
}

namespace {

constinit std::atomic<int> process_id{0};

// A handler may be the first to make one of the calls, and dlsym(3) is nothing for it.
void find_all_originals() noexcept {
    for (std::size_t each = 0; each < symbol_count; ++each) find_original(static_cast<symbol>(each));
}

}  // namespace

bool in_vfork_child() noexcept {
    return process_id.load(std::memory_order_relaxed) != ::getpid();
}

namespace {
// Where the limit leaves the program but a few numbers, it may need them all, and the two of a hub would be missed.
bool has_numbers_to_spare() noexcept {
    constexpr rlim_t few = 64;
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > few;
}
}  // namespace

green::detail::scheduler* first_scheduler() noexcept try {
    return has_numbers_to_spare() ? &green::detail::scheduler::current() : nullptr;
} catch (...) {  // no memory or no descriptors for a hub: libc's call needs none
    return nullptr;
}

}  // namespace detail

namespace {
constexpr options no_family{
#define GREEN_FAMILY(name) .name = false,
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
};
}  // namespace

void patch_all(const options& which) noexcept {
    unsigned families = 0;
#define GREEN_FAMILY(name) families |= which.name ? detail::bit_of(family::name) : 0;
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
    detail::may_have_hub = true;
    // As early as can be: in the child of a fork the handlers of the program (pthread_atfork(3)) run in the order in which they
    // were registered, and those of libuv and Tcl close descriptors, for which the hubs must be new and their locks free.
    // To the few that come before this one the child is as that of a vfork, until the number of the process is noted.
    green::detail::follow_forks();
    static const int follows_forks = [] {
        auto note = [] { detail::process_id.store(::getpid(), std::memory_order_relaxed); };
        note();
        return ::pthread_atfork(nullptr, nullptr, note);
    }();
    (void)follows_forks;
    const unsigned before = detail::patched_families.fetch_or(families, std::memory_order_relaxed);
    if (before == 0 && families != 0) {
        detail::find_all_originals();
        detail::take_over_handlers();
    }
}

#define GREEN_FAMILY(name)                         \
    void patch_##name() noexcept {                 \
        options one = no_family;                   \
        one.name = true;                           \
        patch_all(one);                            \
    }
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY

void patch_dns() noexcept {
    patch_names();
}

bool is_patched(std::string_view name) noexcept {
    const auto* found = std::ranges::find(detail::symbols, name, &detail::symbol_facts::name);
    return found != std::end(detail::symbols) && detail::is_patched(found->of);
}

}  // namespace green::monkeypatch

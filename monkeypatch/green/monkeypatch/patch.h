// SPDX-License-Identifier: BSL-1.0
// The patch: libc's blocking calls, and with them libraries that know nothing of green, park the calling fiber
// instead of blocking its thread.
//
//     int main() {
//         green::monkeypatch::patch_all();
//         green::spawn([] { ::sleep(1); std::puts("world"); });       // somebody's blocking code
//         std::puts("hello");
//         ::sleep(2);
//     }
//
// It needs libgreen-monkeypatch.so, linked in or preloaded; what it takes over is in monkeypatch/README.md.
#pragma once

#include <green/monkeypatch/symbols.h>

#include <string_view>

namespace green::monkeypatch {

// Which families patch_all() takes over: `bool time = true;` and so on.
struct options {
#define GREEN_FAMILY(name) bool name = true;
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
};

// From now on the calls of these families park when a fiber makes them. The calling thread has a hub from its first
// such call on, and its main fiber parks as any other; threads that never use green, callbacks on a hub's own context,
// and families that are not patched reach the real libc. For the whole process, and for good. Do not park, and may be
// repeated. patch_time() and its like are patch_all() for one family.
void patch_all(const options& which = {}) noexcept;
#define GREEN_FAMILY(name) void patch_##name() noexcept;
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
void patch_dns() noexcept;  // patch_names(), by the word that gevent has

// Whether a call of that name parks: "nanosleep". False for names that the patch does not know.
bool is_patched(std::string_view name) noexcept;

namespace detail {
void* find_original(symbol which) noexcept;
}

// libc's own function, which blocks the thread: original<&::sleep>()(1). Looked up when first needed; null for one that
// this libc does not have.
template <auto Function>
decltype(Function) original() noexcept {
    return reinterpret_cast<decltype(Function)>(detail::find_original(detail::symbol_of<Function>));
}

}  // namespace green::monkeypatch

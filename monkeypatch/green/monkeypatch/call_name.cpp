// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/call_name.h>

#include <cstdio>
#include <string_view>

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

namespace green::monkeypatch::detail {

namespace {

const void* object_of(const void* address) noexcept {
    Dl_info found{};
    return ::dladdr(address, &found) ? found.dli_fbase : nullptr;
}

// Before glibc 2.34 it was in two pieces.
bool is_of_libc(const Dl_info& found) noexcept {
    return found.dli_fbase == object_of(reinterpret_cast<const void*>(&::getpid)) ||
           found.dli_fbase == object_of(reinterpret_cast<const void*>(&::pthread_join));
}

// One function has several names, and the first one found may be the one for libc's own use: "__libc_fcntl64".
std::string_view as_documented(std::string_view name) noexcept {
    for (std::string_view decoration : {"__GI_", "__libc_", "__"})
        if (name.starts_with(decoration)) name.remove_prefix(decoration.size());
    return name;
}

}  // namespace

void write_call_name(std::span<char> into, std::uintptr_t instruction, long system_call) noexcept {
    Dl_info found{};
    // What it returns to is the instruction behind the call, which may be another function's first.
    const bool is_known = ::dladdr(reinterpret_cast<const void*>(instruction - 1), &found) && found.dli_sname;
    const std::string_view name = is_known && is_of_libc(found) ? as_documented(found.dli_sname) : "";
    if (system_call < 0)
        std::snprintf(into.data(), into.size(), "a page of memory");
    else if (!name.empty() && name != "syscall")
        std::snprintf(into.data(), into.size(), "%.*s", static_cast<int>(name.size()), name.data());
    else if (const char* direct = name_of_system_call(system_call))
        std::snprintf(into.data(), into.size(), "%s", direct);
    else
        std::snprintf(into.data(), into.size(), "system call %ld", system_call);
}

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/backtrace.h>

#include <green/fiber/scheduler.h>
#include <green/hub/describe.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/auxv.h>

namespace green::detail {

namespace {

constexpr int most_frames = 64;
// What walking takes on the walked stack; more with a sanitizer, whose stacks are larger, too.
constexpr std::ptrdiff_t room_for_walking_bytes = 6 * 1024;

struct frames {
    void* addresses[most_frames];
    int count = 0;
};

void walk(void* into) noexcept {
    auto& f = *static_cast<frames*>(into);
    f.count = backtrace(f.addresses, most_frames);
}

void* module_of(void* address) {
    Dl_info info{};
    return dladdr(address, &info) ? info.dli_fbase : nullptr;
}

// Whether an address without a name belongs to the runtime: to the shared library, unless it is linked into the
// program, where nothing tells the two apart.
bool in_shared_library(void* module) {
    static void* const ours = module_of(reinterpret_cast<void*>(&walk));
    static void* const program = module_of(reinterpret_cast<void*>(getauxval(AT_ENTRY)));
    return module == ours && ours != program;
}

struct line {
    std::string text;
    bool is_machinery;
};

bool is_machinery(std::string_view name) {
    for (std::string_view part : {"green::detail::", "green_first_frame", "green_run_flow"})
        if (name.find(part) != std::string_view::npos) return true;
    return false;
}

// The call lies before the address to which it returns; without -1 a call at a function's end is taken for the next one.
line symbolised(void* return_address) {
    auto* call = static_cast<char*>(return_address) - 1;
    Dl_info info{};
    if (dladdr(call, &info) && info.dli_sname) {
        std::string name = demangled(info.dli_sname);
        const bool machinery = is_machinery(name);
        return {std::move(name), machinery};
    }
    char offset[32];
    std::snprintf(offset, sizeof offset, "+0x%zx", static_cast<std::size_t>(call - static_cast<char*>(info.dli_fbase)));
    return {(info.dli_fname ? info.dli_fname : "unknown") + std::string(offset), in_shared_library(info.dli_fbase)};
}

std::vector<std::string> without_machinery(const frames& taken) {
    std::vector<line> lines;
    for (int i = 0; i < taken.count; ++i) lines.push_back(symbolised(taken.addresses[i]));
    auto is_of_user = [](const line& l) { return !l.is_machinery; };
    // A sanitizer's own backtrace() may stand above ours.
    const auto top = lines.begin() + std::min<std::ptrdiff_t>(std::ssize(lines), 3);
    auto first = std::find_if_not(lines.begin(), top, is_of_user);
    first = first == top ? lines.begin() : std::find_if(first, lines.end(), is_of_user);
    auto last = std::find_if(lines.rbegin(), std::reverse_iterator(first), is_of_user).base();
    std::vector<std::string> kept;
    for (; first != last; ++first) kept.push_back(std::move(first->text));
    return kept;
}

}  // namespace

std::vector<std::string> backtrace_of(control& fiber) {
    scheduler& s = scheduler::current();
    // The first walk of a process loads the unwinder, which takes more stack than a small fiber has.
    static const bool primed = [] {
        frames nothing;
        walk(&nothing);
        return true;
    }();
    (void)primed;
    frames taken;
    if (&fiber == &s.running()) {
        walk(&taken);
    } else {
        if (!fiber.started || fiber.ended()) return {};
        auto* suspended_at = static_cast<std::byte*>(fiber.flow.suspended_at());
        const std::byte* bottom = fiber.present_stack().bottom;
        if (bottom && suspended_at - bottom < room_for_walking_bytes) return {};
        s.visit(fiber, &walk, &taken);
    }
    return without_machinery(taken);
}

}  // namespace green::detail

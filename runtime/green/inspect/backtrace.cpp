// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/backtrace.h>

#include <green/fiber/scheduler.h>
#include <green/hub/describe.h>
#include <green/sys/calls.h>

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

// What walking takes on the walked stack; more with a sanitizer, whose stacks are larger, too.
constexpr std::ptrdiff_t room_for_walking_bytes = 6 * 1024;

void walk(void* into) noexcept {
    walk_stack(*static_cast<stack_frames*>(into));
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

// The call lies before the address to which it returns; without -1 a call at a function's end is taken for the next
// one.
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

}  // namespace

void prepare_to_walk() {
    static const bool prepared = [] {
        stack_frames nothing;
        walk_stack(nothing);
        return true;
    }();
    (void)prepared;
}

void walk_stack(stack_frames& into) noexcept {
    into.count = backtrace(into.return_addresses, stack_frames::most);
}

void walk_interrupted(stack_frames& into, const void* machine_context) noexcept {
    walk_stack(into);
    // What stands above it is the handler and whoever called that.
    void** const end = into.return_addresses + into.count;
    void** const interrupted = std::find(into.return_addresses, end, sys::interrupted_at(machine_context).instruction);
    if (interrupted == end) return;
    into.begins_with_walker = false;
    into.count = static_cast<int>(std::copy(interrupted, end, into.return_addresses) - into.return_addresses);
    into.return_addresses[0] = static_cast<char*>(into.return_addresses[0]) + 1;  // no call lies before this one
}

std::vector<std::string> frame_names(const stack_frames& taken) {
    std::vector<line> lines;
    for (int i = 0; i < taken.count; ++i) lines.push_back(symbolised(taken.return_addresses[i]));
    auto is_of_user = [](const line& l) { return !l.is_machinery; };
    auto first = lines.begin();
    if (taken.begins_with_walker) {  // or with a sanitizer's own backtrace(), above ours
        const auto top = first + std::min<std::ptrdiff_t>(std::ssize(lines), 3);
        const auto walker = std::find_if_not(first, top, is_of_user);
        if (walker != top) first = walker;
    }
    first = std::find_if(first, lines.end(), is_of_user);
    auto last = std::find_if(lines.rbegin(), std::reverse_iterator(first), is_of_user).base();
    std::vector<std::string> kept;
    for (; first != last; ++first) kept.push_back(std::move(first->text));
    return kept;
}

std::vector<std::string> backtrace_of(control& fiber) {
    scheduler& s = scheduler::current();
    prepare_to_walk();
    stack_frames taken;
    if (&fiber == &s.running()) {
        walk_stack(taken);
    } else {
        if (!fiber.started || fiber.ended()) return {};
        auto* suspended_at = static_cast<std::byte*>(fiber.flow.suspended_at());
        const std::byte* bottom = fiber.present_stack().bottom;
        if (bottom && suspended_at - bottom < room_for_walking_bytes) return {};
        s.visit(fiber, &walk, &taken);
    }
    return frame_names(taken);
}

}  // namespace green::detail

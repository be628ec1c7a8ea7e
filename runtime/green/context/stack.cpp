// SPDX-License-Identifier: BSL-1.0
#include <green/context/stack.h>

#include <green/base/check.h>
#include <green/context/sanitizers.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

namespace green::detail {

namespace {

constexpr std::size_t smallest_arena_bytes = std::size_t{4} << 20;
constexpr std::size_t largest_arena_bytes = std::size_t{256} << 20;
constexpr unsigned char canary_byte = 0xA5;
constexpr std::size_t canary_size_bytes = 64;

std::atomic<guard_kind> guard_step{guard_kind::marker};
std::atomic<long> guard_mappings_left{-1};  // -1: the limit has not been read yet

long read_guard_mapping_budget() noexcept {
    long limit = 65530;  // the kernel's default
    if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re")) {
        if (std::fscanf(file, "%ld", &limit) != 1) limit = 65530;
        std::fclose(file);
    }
    return limit / 4;  // a guard costs two mappings; half of them stay for the program
}

void step_down(guard_kind to) noexcept {
    guard_kind seen = guard_step.load();
    while (seen < to) {
        if (!guard_step.compare_exchange_weak(seen, to)) continue;
        if (to == guard_kind::canary)
            std::fputs("green: out of memory mappings (vm.max_map_count): further fiber stacks have no guard page, "
                       "an overflow is only noticed when the fiber ends\n", stderr);
    }
}

bool take_guard_mapping() noexcept {
    long left = guard_mappings_left.load();
    if (left < 0) {
        guard_mappings_left.compare_exchange_strong(left, read_guard_mapping_budget());
    }
    return guard_mappings_left.fetch_sub(1) > 0;
}

// Protects what lies below `bottom` by the best means there is; says which.
guard_kind install_guard(std::byte* bottom, std::size_t size_bytes) noexcept {
    void* guard = bottom - size_bytes;
    if (guard_step.load(std::memory_order_relaxed) == guard_kind::marker) {
        if (madvise(guard, size_bytes, MADV_GUARD_INSTALL) == 0) return guard_kind::marker;
        step_down(guard_kind::mapping);  // EINVAL: a kernel before 6.13
    }
    if (guard_step.load(std::memory_order_relaxed) == guard_kind::mapping) {
        if (take_guard_mapping() && mprotect(guard, size_bytes, PROT_NONE) == 0) return guard_kind::mapping;
        step_down(guard_kind::canary);
    }
    std::memset(bottom, canary_byte, canary_size_bytes);
    return guard_kind::canary;
}

bool canary_intact(const std::byte* bottom) noexcept {
    return std::all_of(bottom, bottom + canary_size_bytes,
                       [](std::byte b) { return b == std::byte{canary_byte}; });
}

}  // namespace

void check_stack_size(std::size_t size_bytes) {
    if (size_bytes < smallest_stack_bytes || size_bytes > largest_stack_bytes)
        throw std::invalid_argument("green: stack_size_bytes = " + std::to_string(size_bytes) + ": a stack has from " +
                                    std::to_string(smallest_stack_bytes) + " to " +
                                    std::to_string(largest_stack_bytes) + " bytes");
}

stack_pool::size_class::~size_class() {
    for (const arena& each : arenas) munmap(each.base, each.size_bytes);
}

std::size_t stack_pool::size_class::slot_bytes() const noexcept {
    return stack_bytes + guard_bytes_below(stack_bytes);
}

bool stack_pool::size_class::has_canary(std::byte* bottom) const noexcept {
    return !canaries.empty() && std::binary_search(canaries.begin(), canaries.end(), bottom);
}

void stack_pool::size_class::map_arena() {
    std::size_t wanted =
        arenas.empty() ? smallest_arena_bytes : std::min(arenas.back().size_bytes * 2, largest_arena_bytes);
    std::size_t slots = std::max<std::size_t>(1, wanted / slot_bytes());
    std::size_t total_slots = slots;
    for (const arena& each : arenas) total_slots += each.size_bytes / slot_bytes();
    warm.reserve(total_slots);  // so that release() never allocates
    cold.reserve(total_slots);
    arenas.reserve(arenas.size() + 1);

    std::size_t bytes = slots * slot_bytes();
    void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                      -1, 0);
    if (base == MAP_FAILED)
        throw std::system_error(
            errno, std::generic_category(),
            "green: no address space for stacks of " + std::to_string(stack_bytes) + " bytes");
    madvise(base, bytes, MADV_NOHUGEPAGE);  // a huge page would give every stack 2 MiB; EINVAL without THP is fine
    arenas.push_back({static_cast<std::byte*>(base), bytes});
    fresh = arenas.back().base;
    fresh_end = fresh + bytes;
}

stack_pool::stack_pool() = default;
stack_pool::~stack_pool() = default;

stack_pool::size_class& stack_pool::class_for(std::size_t size_bytes) {
    check_stack_size(size_bytes);
    size_bytes = (size_bytes + page_bytes - 1) / page_bytes * page_bytes;
    for (auto& each : classes_)
        if (each->stack_bytes == size_bytes) return *each;
    return *classes_.emplace_back(std::make_unique<size_class>(size_bytes));
}

// No warm stack is left: one whose memory was given back, or a new one.
stack stack_pool::acquire_slowly(size_class& from) {
    if (on_cold_stack_) on_cold_stack_();
    if (!from.cold.empty()) {
        std::byte* bottom = from.cold.back();
        from.cold.pop_back();
        if (from.has_canary(bottom)) std::memset(bottom, canary_byte, canary_size_bytes);
        return {bottom, from.stack_bytes};
    }
    if (from.fresh == from.fresh_end) from.map_arena();
    const std::size_t guard_bytes = guard_bytes_below(from.stack_bytes);
    std::byte* bottom = from.fresh + guard_bytes;
    if (install_guard(bottom, guard_bytes) == guard_kind::canary) {
        auto& canaries = from.canaries;
        canaries.insert(std::upper_bound(canaries.begin(), canaries.end(), bottom), bottom);
    }
    from.fresh += from.slot_bytes();
    register_stack(bottom, bottom + from.stack_bytes);
    return {bottom, from.stack_bytes};
}

void stack_pool::check_canary(const size_class& of, stack used) noexcept {
    check(!of.has_canary(used.bottom) || canary_intact(used.bottom),
          "a fiber overflowed its stack; spawn it with a larger stack_size_bytes");
}

std::size_t stack_pool::trim() noexcept {
    for (auto& each : classes_) {
        auto& warm = each->warm;
        // The least recently used lie in front. At the rate of one trim a second, bounded so that none takes long.
        std::size_t idle = std::min<std::size_t>(std::min(each->fewest_warm, warm.size()), 1024);
        for (std::size_t i = 0; i < idle; ++i) {
            madvise(warm[i], each->stack_bytes, MADV_DONTNEED);
            each->cold.push_back(warm[i]);
        }
        warm.erase(warm.begin(), warm.begin() + static_cast<std::ptrdiff_t>(idle));
        each->fewest_warm = warm.size();
    }
    return warm_count();
}

std::size_t stack_pool::warm_count() const noexcept {
    std::size_t count = 0;
    for (auto& each : classes_) count += each->warm.size();
    return count;
}

std::size_t stack_pool::in_use_count() const noexcept {
    std::size_t count = 0;
    for (auto& each : classes_) {
        for (const auto& arena : each->arenas) count += arena.size_bytes / each->slot_bytes();
        count -= static_cast<std::size_t>(each->fresh_end - each->fresh) / each->slot_bytes();
        count -= each->warm.size() + each->cold.size();
    }
    return count;
}

void stack_pool::use_guards_no_better_than(guard_kind best) noexcept {
    guard_step.store(best);
}

guard_kind stack_pool::guard_in_use() noexcept {
    return guard_step.load();
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/hub/fd_table.h>

#include <green/hub/loop.h>

#include <array>
#include <mutex>
#include <new>
#include <vector>

namespace green::detail {

namespace {

constexpr std::size_t chunk_size = 512;
constexpr std::size_t chunk_count = (std::size_t{1} << 22) / chunk_size;  // fs.nr_open is 2^20 by default
// Apart, because each try of a call looks at a generation: those of sixteen descriptors share a cache line.
struct chunk {
    std::array<std::atomic<std::uint32_t>, chunk_size> generations{};
    std::array<std::atomic<std::uint64_t>, chunk_size> hubs{};
};

constinit std::array<std::atomic<chunk*>, chunk_count> chunks{};

// The same loops once more, for signal handlers, which must not take a lock.
constinit std::atomic<loop*> newest_loop{nullptr};

struct roster {
    std::mutex lock;
    std::vector<loop*> loops;  // by index; only grows
};
roster& all_loops() {
    static auto* const instance = new roster;  // never destroyed: threads end after static destructors
    return *instance;
}

}  // namespace

shared_fd shared_state_of(int fd) {
    auto number = static_cast<std::size_t>(fd);
    if (number >= chunk_size * chunk_count) throw std::bad_alloc();
    auto& place = chunks[number / chunk_size];
    chunk* found = place.load(std::memory_order_acquire);
    if (!found) [[unlikely]] {
        auto* fresh = new chunk{};
        if (place.compare_exchange_strong(found, fresh, std::memory_order_acq_rel))
            found = fresh;
        else
            delete fresh;
    }
    return {found->generations[number % chunk_size], found->hubs[number % chunk_size]};
}

bool may_be_known(int fd) noexcept {
    const auto number = static_cast<std::size_t>(fd);
    return fd >= 0 && number < chunk_size * chunk_count && chunks[number / chunk_size].load(std::memory_order_acquire);
}

unsigned enlist(loop& l) {
    std::lock_guard guard(all_loops().lock);
    all_loops().loops.push_back(&l);
    l.enlisted_before = newest_loop.load(std::memory_order_relaxed);
    newest_loop.store(&l, std::memory_order_release);
    return static_cast<unsigned>(all_loops().loops.size() - 1);
}

unsigned enlisted_count() noexcept {
    std::lock_guard guard(all_loops().lock);
    return static_cast<unsigned>(all_loops().loops.size());
}

loop* newest_enlisted() noexcept {
    return newest_loop.load(std::memory_order_acquire);
}

void for_each_loop(std::uint64_t hubs, void (*visit)(loop&, int fd), int fd) {
    std::lock_guard guard(all_loops().lock);
    auto& loops = all_loops().loops;
    for (unsigned i = 0; i < loops.size(); ++i)
        if (hubs & bit_of(i)) visit(*loops[i], fd);
}

void lock_loops() noexcept {
    all_loops().lock.lock();
}

void unlock_loops() noexcept {
    all_loops().lock.unlock();
}

}  // namespace green::detail

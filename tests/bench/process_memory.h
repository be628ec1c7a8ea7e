// SPDX-License-Identifier: BSL-1.0
// What this process occupies, as the kernel tells it: resident pages, page tables, mappings, and guarded
// pages. Knows nothing of what the memory is used for.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bench {

struct process_memory {
    std::uint64_t resident_kib = 0;  // without pages of files: code that runs for the first time belongs to nobody
    std::uint64_t page_table_kib = 0;
    std::uint64_t mapping_count = 0;
};

inline process_memory read_process_memory() {
    process_memory memory;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        unsigned long long kib = 0;
        if (std::sscanf(line.c_str(), "RssAnon: %llu", &kib) == 1) memory.resident_kib = kib;
        if (std::sscanf(line.c_str(), "VmPTE: %llu", &kib) == 1) memory.page_table_kib = kib;
    }
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) ++memory.mapping_count;
    return memory;
}

namespace detail {

// PAGEMAP_SCAN of <linux/fs.h> and its guard category, which Debian 12's headers are too old to have.
struct page_region {
    std::uint64_t start, end, categories;
};
struct page_scan {
    std::uint64_t size, flags, start, end, walk_end, regions, region_count, maximum_pages;
    std::uint64_t inverted, required, any_of, returned;
};
inline constexpr unsigned long page_scan_request = _IOWR('f', 16, page_scan);
inline constexpr std::uint64_t page_is_guard = 1 << 8;

// Returns how many runs of lightweight guard pages (MADV_GUARD_INSTALL) lie in [start, end), or -1 when the
// kernel cannot tell. The scan goes on behind the last region found, not at walk_end: once a scan has filled
// the kernel's own buffer of 512 regions, walk_end keeps pointing there even if everything after it has been
// reported too.
inline std::int64_t count_guard_runs(int pagemap, std::uint64_t start, std::uint64_t end) {
    constexpr int regions_count = 4096;
    static page_region regions[regions_count];
    std::int64_t total = 0;
    for (int found = regions_count; found == regions_count; start = regions[regions_count - 1].end) {
        page_scan scan{};
        scan.size = sizeof scan;
        scan.start = start;
        scan.end = end;
        scan.regions = reinterpret_cast<std::uint64_t>(regions);
        scan.region_count = regions_count;
        scan.required = scan.returned = page_is_guard;
        found = ::ioctl(pagemap, page_scan_request, &scan);
        if (found < 0) return -1;
        total += found;
    }
    return total;
}

}  // namespace detail

// Returns how many guards this process has: runs of MADV_GUARD_INSTALL pages (Linux 6.15 and later can list
// them) and mappings without any permission. The second kind includes a handful that the C library makes for
// itself.
inline std::uint64_t count_guards() {
    std::uint64_t guards = 0;
    int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        unsigned long long start = 0, end = 0;
        char permissions[5]{};
        if (std::sscanf(line.c_str(), "%llx-%llx %4s", &start, &end, permissions) != 3) continue;
        if (permissions[0] == '-') {
            ++guards;
        } else if (std::int64_t runs = detail::count_guard_runs(pagemap, start, end); runs > 0) {
            guards += static_cast<std::uint64_t>(runs);
        }
    }
    if (pagemap >= 0) ::close(pagemap);
    return guards;
}

}  // namespace bench

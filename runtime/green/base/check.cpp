// SPDX-License-Identifier: BSL-1.0
#include <green/base/check.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace green::detail {

namespace {
std::atomic<name_writer> running_name{nullptr};
}

void set_running_name_writer(name_writer writer) noexcept {
    running_name.store(writer, std::memory_order_relaxed);
}

void fail(const char* message, std::source_location where) noexcept {
    char name[128] = "none";
    if (auto write_name = running_name.load(std::memory_order_relaxed)) write_name(name, sizeof name);
    std::fprintf(stderr, "green: %s (%s, %s:%u, fiber %s)\n", message, where.function_name(), where.file_name(),
                 static_cast<unsigned>(where.line()), name);
    std::abort();
}

}  // namespace green::detail

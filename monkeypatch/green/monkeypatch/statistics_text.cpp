// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/statistics_text.h>

#include <green/monkeypatch/gate.h>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <errno.h>
#include <unistd.h>

namespace green::monkeypatch::detail {

namespace {

class text {
  public:
    explicit text(std::span<char> into) noexcept : into_(into) {}
    std::string_view view() const noexcept { return {into_.data(), used_}; }

    [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) noexcept {
        const std::span<char> rest = into_.subspan(used_);
        va_list arguments;
        va_start(arguments, format);
        const int wanted = std::vsnprintf(rest.data(), rest.size(), format, arguments);
        va_end(arguments);
        if (wanted > 0) used_ += std::min(static_cast<std::size_t>(wanted), rest.empty() ? 0 : rest.size() - 1);
    }

    void add_row(const call_statistics& of) noexcept {
        add("  %-28s%10llu", of.name, static_cast<unsigned long long>(of.count));
        add_seconds(of.time, 12);
        add("\n");
    }
    void add_time(const char* what, duration time) noexcept {
        add("%-40s", what);
        add_seconds(time, 12);
        add("\n");
    }
    // With three decimals, and no floating-point number: printf(3) may allocate for those.
    void add_seconds(duration time, int width) noexcept {
        const auto ms = std::chrono::round<std::chrono::milliseconds>(time).count();
        char number[32];
        std::snprintf(number, sizeof number, "%lld.%03d", static_cast<long long>(ms / 1000), static_cast<int>(ms % 1000));
        add("%*s", width, number);
    }

    void add_table(const char* title, const call_list& calls) noexcept {
        add("%-30s%10s%12s\n", title, "calls", "seconds");
        for (const call_statistics& each : calls) add_row(each);
        if (calls.size() > 1) add_row(calls.total());
    }

  private:
    std::span<char> into_;
    std::size_t used_ = 0;
};

}  // namespace

std::string_view write_text(std::span<char> into, const statistics& of) noexcept {
    text out(into);
    out.add("greenrun: %s (process %d), ", program_invocation_short_name, static_cast<int>(::getpid()));
    out.add_seconds(of.since, 0);
    out.add(" seconds\npatched: ");
#define GREEN_FAMILY(name) \
    if (of.families & bit_of(family::name)) out.add(#name " ");
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
    out.add("(%zu names)\n", of.name_count);

    if (of.parked.size() > 0)
        out.add_table("parked", of.parked);
    else
        out.add("parked: nothing\n");

    if (of.trouble) out.add("not all that blocks was seen: %s: %s\n", of.trouble, ::strerrordesc_np(of.trouble_error));
    if (of.blocked.size() > 0)
        out.add_table("blocked (sampled each ms)", of.blocked);
    else
        out.add("blocked (sampled each ms): nothing\n");
    out.add_time("computing", of.computing);
    out.add_time("longest without a turn", of.longest_without_a_turn);
    return out.view();
}

}  // namespace green::monkeypatch::detail

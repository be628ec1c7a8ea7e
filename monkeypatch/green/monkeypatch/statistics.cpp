// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/statistics.h>

#include <green/monkeypatch/call_name.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/parked_call.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/sampler.h>
#include <green/monkeypatch/statistics_text.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string_view>

#include <pthread.h>

namespace green::monkeypatch {

namespace {

constinit std::atomic<std::int64_t> began_ns{0};  // 0: none are gathered

std::int64_t now_ns() noexcept {
    return clock::now().time_since_epoch().count();
}

// Only those of this process, and of it alone.
void begin_anew() noexcept {
    began_ns = now_ns();
    detail::forget_parks();
    detail::restart_sampling();
}

}  // namespace

call_statistics call_list::total() const noexcept {
    call_statistics all{.name = "all"};
    for (const call_statistics& each : *this) {
        all.count += each.count;
        all.time += each.time;
    }
    return all;
}

void call_list::add(const call_statistics& more) noexcept {
    call_statistics* const last = calls_.data() + size_;
    call_statistics* const found = std::find_if(calls_.data(), last, [&](const call_statistics& each) {
        return std::string_view(each.name) == more.name;
    });
    if (found != last) {
        found->count += more.count;
        found->time += more.time;
    } else if (size_ < calls_.size()) {
        calls_[size_++] = more;
    }
}

void call_list::sort() noexcept {
    std::sort(calls_.data(), calls_.data() + size_,
              [](const call_statistics& one, const call_statistics& other) { return one.time > other.time; });
}

void gather_statistics() noexcept {
    std::int64_t none = 0;
    if (!began_ns.compare_exchange_strong(none, now_ns())) return;
    detail::parks_are_counted.store(true, std::memory_order_relaxed);
    detail::start_sampling();
    // After the first thread: where somebody else's allocator is in use, its own handlers stand before this one now.
    ::pthread_atfork(nullptr, nullptr, &begin_anew);
}

statistics statistics_so_far() noexcept {
    statistics all;
    const std::int64_t began = began_ns;
    if (began == 0) return all;
    all.since = duration(now_ns() - began);
    all.families = detail::patched_families.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < detail::symbol_count; ++i) {
        const char* const name = detail::symbols[i].name;
        all.name_count += is_patched(name);
        const detail::park_count parks = detail::parks_of(i);
        if (parks.calls == 0) continue;
        call_statistics call{.count = parks.calls, .time = parks.time};
        std::snprintf(call.name, sizeof call.name, "%s", name);
        all.parked.add(call);
    }
    all.parked.sort();
    detail::sleeping_place place;
    for (std::size_t i = 0; detail::sampled_place(i, place); ++i) {
        call_statistics call{.count = place.count, .time = place.time};
        detail::write_call_name(call.name, place.instruction, place.system_call);
        all.blocked.add(call);
    }
    all.blocked.sort();
    const detail::sampled_work work = detail::sampled_so_far();
    all.computing = work.computing;
    all.longest_without_a_turn = work.longest_without_a_turn;
    const detail::trouble trouble = detail::sampling_trouble();
    all.trouble = trouble.what;
    all.trouble_error = trouble.error;
    return all;
}

std::string to_text(const statistics& of) {
    std::string text(detail::longest_text_bytes, '\0');
    text.resize(detail::write_text(text, of).size());
    return text;
}

}  // namespace green::monkeypatch

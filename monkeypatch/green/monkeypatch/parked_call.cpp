// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/parked_call.h>

#include <green/monkeypatch/symbols.h>

#include <algorithm>
#include <string_view>

namespace green::monkeypatch::detail {

constinit std::atomic<bool> parks_are_counted{false};

// How often the calls of a name had to wait, and how long they have been parked. Written by every thread that has a hub;
// whoever reads finds that `begun` and `done` are equal when nobody wrote meanwhile.
struct park_counter {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> parked_now{0};
    std::atomic<std::int64_t> ns{0};  // the ends of the waits less their beginnings
    std::atomic<std::uint64_t> done{0};
};

namespace {

constinit park_counter counters[symbol_count] = {};

std::int64_t now_ns() noexcept {
    return clock::now().time_since_epoch().count();
}

}  // namespace

void counted_park::begin(waiting_call& call) noexcept {
    const auto* found = std::ranges::find(symbols, std::string_view(call.name_), &symbol_facts::name);
    if (found == std::end(symbols)) return;
    counter_ = &counters[found - std::begin(symbols)];
    counter_->begun.fetch_add(1);
    counter_->calls.fetch_add(!call.is_counted_);
    counter_->parked_now.fetch_add(1);
    counter_->ns.fetch_sub(now_ns());
    counter_->done.fetch_add(1);
    call.is_counted_ = true;
}

void counted_park::end() noexcept {
    counter_->begun.fetch_add(1);
    counter_->ns.fetch_add(now_ns());
    counter_->parked_now.fetch_sub(1);
    counter_->done.fetch_add(1);
}

void forget_parks() noexcept {
    for (park_counter& each : counters) {
        each.begun = each.calls = each.parked_now = each.done = 0;
        each.ns = 0;
    }
}

park_count parks_of(std::size_t index) noexcept {
    constexpr int most_tries = 1000;  // a signal handler may have interrupted who writes
    const park_counter& from = counters[index];
    for (int i = 0; i < most_tries; ++i) {
        const std::uint64_t done = from.done;
        const std::uint64_t calls = from.calls;
        const auto going_on = static_cast<std::int64_t>(from.parked_now);
        const duration time(from.ns + going_on * now_ns());
        if (from.begun == done) return {calls, time};
    }
    return {from.calls, {}};
}

}  // namespace green::monkeypatch::detail

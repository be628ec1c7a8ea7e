// SPDX-License-Identifier: BSL-1.0
#include <green/testing/seeded_order.h>

#include <green/base/check.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace green::testing {

std::uint64_t seed() {
    static const std::uint64_t chosen = [] {
        const char* given = std::getenv("GREEN_SEED");
        const std::uint64_t value = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
        std::fprintf(stderr, "green: the seed is %llu; GREEN_SEED=%llu repeats it\n",
                     static_cast<unsigned long long>(value), static_cast<unsigned long long>(value));
        return value;
    }();
    return chosen;
}

seeded_order::seeded_order(std::uint64_t seed) : home_(hub::current()), random_(seed) {
    if (detail::loop_of(home_).is_reordered())
        throw std::logic_error("green: this hub has a seeded_order already; one at a time");
    detail::loop_of(home_).set_reorder(&shuffle, this);
}

seeded_order::~seeded_order() {
    detail::check(&home_ == hub::current_or_null(), "a seeded_order must go on the thread where it was made");
    detail::loop_of(home_).set_reorder(nullptr, nullptr);
}

// Called before each single run, so bringing one element to the front, drawn evenly, is a full shuffle in the end.
// std::uniform_int_distribution would draw differently with every standard library.
void seeded_order::shuffle(detail::runnable_queue& ready, void* self) noexcept {
    std::uint64_t count = 0;
    ready.for_each([&](const detail::runnable&) { ++count; });
    if (count < 2) return;
    const std::uint64_t chosen = static_cast<seeded_order*>(self)->random_() % count;
    detail::runnable_queue others;
    for (std::uint64_t at = 0; at < chosen; ++at) others.push_back(ready.pop_front());
    detail::runnable& first = ready.pop_front();
    while (!ready.empty()) others.push_back(ready.pop_front());
    ready.push_back(first);
    while (!others.empty()) ready.push_back(others.pop_front());
}

}  // namespace green::testing

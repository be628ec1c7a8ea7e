// SPDX-License-Identifier: BSL-1.0
#include <green/coro/recycled.h>

#include <support/build_variant.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <malloc.h>

namespace {

template <std::size_t Bytes>
struct some : green::detail::recycled {
    std::byte content[Bytes];
};

std::size_t allocated_bytes() {
    return mallinfo2().uordblks;
}

}  // namespace

TEST_CASE("the memory of an object that has died serves the next one of its size" *
          doctest::skip(support::with_sanitizer)) {
    auto first = std::make_unique<some<100>>();
    auto other = std::make_unique<some<100>>();
    const void* was = first.get();
    first.reset();
    const auto larger = std::make_unique<some<200>>();
    const auto second = std::make_unique<some<97>>();  // the same for malloc(3)
    CHECK(static_cast<const void*>(second.get()) == was);
    CHECK(static_cast<const void*>(larger.get()) != was);
}

TEST_CASE("recycled memory of every size can be written to its end") {
    std::vector<std::unique_ptr<some<1>>> ones;
    std::vector<std::unique_ptr<some<511>>> largest_kept;
    std::vector<std::unique_ptr<some<100'000>>> huge;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 50; ++i) {
            std::fill_n(ones.emplace_back(new some<1>)->content, 1, std::byte(1));
            std::fill_n(largest_kept.emplace_back(new some<511>)->content, 511, std::byte(2));
            std::fill_n(huge.emplace_back(new some<100'000>)->content, 100'000, std::byte(3));
        }
        ones.clear();
        largest_kept.clear();
        huge.clear();
    }
}

TEST_CASE("of each size a thread keeps 32 KiB, and the rest is freed" * doctest::skip(support::with_sanitizer)) {
    std::vector<std::unique_ptr<some<300>>> all(1000);
    const std::size_t before = allocated_bytes();
    for (auto& each : all) each.reset(new some<300>);
    CHECK(allocated_bytes() > before + 300'000);
    for (auto& each : all) each.reset();
    CHECK(allocated_bytes() <= before + 32768 + 4096);
}

TEST_CASE("an object may die on another thread, and a thread that ends keeps nothing" *
          doctest::skip(support::with_sanitizer)) {
    std::vector<std::unique_ptr<some<400>>> all(80);
    std::thread([] {}).join();
    const std::size_t before = allocated_bytes();
    for (auto& each : all) each.reset(new some<400>);
    std::thread([&] {
        for (auto& each : all) each.reset();
        CHECK(allocated_bytes() > before + 80 * 300);  // kept
    }).join();
    CHECK(allocated_bytes() < before + 4096);
}

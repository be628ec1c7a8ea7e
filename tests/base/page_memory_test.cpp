// SPDX-License-Identifier: BSL-1.0
#include <green/base/page_memory.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <new>

#include <sys/resource.h>
#include <unistd.h>

using green::detail::page_memory;

TEST_CASE("memory of pages has none at first, and twice as many whenever it grows, with what was in them") {
    page_memory memory;
    CHECK(memory.data() == nullptr);
    CHECK(memory.size_bytes() == 0);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t expected = page; expected <= 1024 * page; expected *= 2) {
        const std::size_t before = memory.size_bytes();
        memory.grow();
        REQUIRE(memory.size_bytes() == expected);
        std::byte* const data = memory.data();
        CHECK(std::all_of(data, data + before, [](std::byte b) { return b == std::byte{1}; }));
        CHECK(std::all_of(data + before, data + expected, [](std::byte b) { return b == std::byte{0}; }));
        std::fill(data, data + expected, std::byte{1});
    }
}

TEST_CASE("memory of pages that cannot grow stays as it was") {
    page_memory memory;
    memory.grow();
    memory.data()[0] = std::byte{1};
    std::byte* const data = memory.data();
    const std::size_t size_bytes = memory.size_bytes();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_AS, &none) == 0);
    bool refused = false;
    try {
        memory.grow();
    } catch (const std::bad_alloc&) {
        refused = true;
    }
    REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
    CHECK(refused);
    CHECK(memory.data() == data);
    CHECK(memory.size_bytes() == size_bytes);
    CHECK(data[0] == std::byte{1});
    memory.grow();
    CHECK(memory.data()[0] == std::byte{1});
}

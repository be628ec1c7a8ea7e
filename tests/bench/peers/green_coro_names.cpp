// SPDX-License-Identifier: BSL-1.0
// green's tasks: looking up names, by green's own resolver.
#include <green/dns/resolver.h>
#include <green/green.h>

#include <vector>

#include "names.h"
#include "peer.h"

namespace {

namespace coro = green::coro;

coro::task<void> look_up_some(std::uint64_t count) {
    green::dns::resolver& resolver = green::dns::default_resolver();
    for (std::uint64_t k = 0; k < count; ++k) {
        const auto found = co_await coro::lookup(resolver, peer::next_name(), {}, {.family = green::address_family::v4});
        peer::keep(found);
    }
}

coro::task<void> look_up_all(std::size_t size, std::uint64_t count) {
    std::vector<coro::task<void>> all;
    for (std::size_t i = 0; i < size; ++i) all.push_back(look_up_some(count));
    co_await coro::when_all(std::move(all));
}

peer::repeated look_up(std::size_t size, std::uint64_t n) {
    const std::uint64_t count = peer::names_each(size, n);
    return {peer::timed([&] { green::block_on(look_up_all(size, count)); }), size * count};
}

const peer::workloads here{{"dns", peer::rate(look_up)}};

}  // namespace

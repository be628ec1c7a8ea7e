// SPDX-License-Identifier: BSL-1.0
// green's fibers: looking up names, by green's own resolver.
#include <green/dns/resolver.h>
#include <green/green.h>

#include <vector>

#include "names.h"
#include "peer.h"

namespace {

peer::repeated look_up(std::size_t size, std::uint64_t n) {
    const std::uint64_t count = peer::names_each(size, n);
    const auto spent = peer::timed([&] {
        std::vector<green::fiber<void>> all;
        for (std::size_t i = 0; i < size; ++i)
            all.push_back(green::spawn([count] {
                green::dns::resolver& resolver = green::dns::default_resolver();
                for (std::uint64_t k = 0; k < count; ++k)
                    peer::keep(resolver.lookup(peer::next_name(), {}, {.family = green::address_family::v4}));
            }));
        for (auto& one : all) one.get();
    });
    return {spent, size * count};
}

const peer::workloads here{{"dns", peer::rate(look_up)}};

}  // namespace

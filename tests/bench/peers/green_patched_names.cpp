// SPDX-License-Identifier: BSL-1.0
// libc's getaddrinfo on fibers under green's patch.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

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
                for (std::uint64_t k = 0; k < count; ++k) peer::look_up_by_libc();
            }));
        for (auto& one : all) one.get();
    });
    return {spent, size * count};
}

const peer::workloads here{{"dns", [](const peer::request& wanted) {
                                green::monkeypatch::patch_all();
                                peer::rate(look_up)(wanted);
                            }}};

}  // namespace

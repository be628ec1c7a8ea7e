// SPDX-License-Identifier: BSL-1.0
// Boost.Asio: looking up names. Its resolver is libc's getaddrinfo on one thread behind the loop, and Asio has no other.
#pragma once

#include "asio_base.h"
#include "names.h"

namespace asio_base {

using resolver = asio::ip::basic_resolver<asio::ip::tcp, executor>;

// `start(resolver, count)` starts a flow that looks up so many names.
template <class Start>
peer::repeated look_up(Start start, std::size_t size, std::uint64_t n) {
    const std::uint64_t count = peer::names_each(size, n);
    shared_loop loop;  // the resolver's thread posts to it
    resolver names(loop.get_executor());
    const auto spent = peer::timed([&] {
        for (std::size_t i = 0; i < size; ++i) start(names, count);
        loop.run();
    });
    return {spent, size * count};
}

}  // namespace asio_base

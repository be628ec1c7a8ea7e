// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with stackful coroutines: looking up names. See asio_names.h.
#include <boost/asio/spawn.hpp>

#include "asio_names.h"
#include "peer.h"

namespace {

using namespace asio_base;

void ask(resolver& names, std::uint64_t count, asio::basic_yield_context<executor> wait) {
    for (std::uint64_t k = 0; k < count; ++k) {
        const std::string name = peer::next_name();
        error_code error;
        names.async_resolve(asio::ip::tcp::v4(), name, "", wait[error]);
        peer::check_answer(!error, name);
    }
}

peer::repeated look_up_all(std::size_t size, std::uint64_t n) {
    auto start = [](resolver& names, std::uint64_t count) {
        asio::spawn(
            names.get_executor(),
            [&names, count](asio::basic_yield_context<executor> wait) { ask(names, count, wait); }, asio::detached);
    };
    return look_up(start, size, n);
}

const peer::workloads here{{"dns", peer::rate(look_up_all)}};

}  // namespace

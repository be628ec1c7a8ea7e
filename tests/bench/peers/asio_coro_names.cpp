// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with C++20 coroutines: looking up names. See asio_names.h.
#include "asio_names.h"
#include "peer.h"

namespace {

using namespace asio_base;

asio::awaitable<void, executor> ask(resolver& names, std::uint64_t count) {
    constexpr asio::use_awaitable_t<executor> awaited;
    for (std::uint64_t k = 0; k < count; ++k) {
        const std::string name = peer::next_name();
        error_code error;
        co_await names.async_resolve(asio::ip::tcp::v4(), name, "", asio::redirect_error(awaited, error));
        peer::check_answer(!error, name);
    }
}

peer::repeated look_up_all(std::size_t size, std::uint64_t n) {
    auto start = [](resolver& names, std::uint64_t count) {
        asio::co_spawn(names.get_executor(), ask(names, count), asio::detached);
    };
    return look_up(start, size, n);
}

const peer::workloads here{{"dns", peer::rate(look_up_all)}};

}  // namespace

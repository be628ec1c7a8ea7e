// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with callbacks: looking up names. See asio_names.h.
#include "asio_names.h"
#include "peer.h"

namespace {

using namespace asio_base;

void ask_next(resolver& names, std::uint64_t left) {
    if (left == 0) return;
    const std::string name = peer::next_name();
    names.async_resolve(asio::ip::tcp::v4(), name, "", [&names, left, name](error_code error, const auto&) {
        peer::check_answer(!error, name);
        ask_next(names, left - 1);
    });
}

const peer::workloads here{
    {"dns", peer::rate([](std::size_t size, std::uint64_t n) { return look_up(ask_next, size, n); })}};

}  // namespace

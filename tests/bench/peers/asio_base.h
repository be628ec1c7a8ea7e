// SPDX-License-Identifier: BSL-1.0
// What the three programs on Boost.Asio have in common. As somebody would write them who wants to be fast: one thread has a
// loop without locks, objects know its executor's type instead of any_io_executor, a channel is tried before it is waited
// for.
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#include <deque>
#include <thread>

#include "peer.h"

namespace asio_base {

namespace asio = boost::asio;
using boost::system::error_code;
using executor = asio::io_context::executor_type;
using timer = asio::basic_waitable_timer<peer::clock, asio::wait_traits<peer::clock>, executor>;
using number_channel = asio::experimental::channel<executor, void(error_code, std::uint64_t)>;
using concurrent_number_channel = asio::experimental::concurrent_channel<executor, void(error_code, std::uint64_t)>;

// A loop whose handlers run on one thread only, and nobody else comes near it.
struct own_loop : asio::io_context {
    own_loop() : asio::io_context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {}
};
// One that other threads post to.
struct shared_loop : asio::io_context {
    shared_loop() : asio::io_context(1) {}
};

// A channel is bound to the loop of who receives from it.
template <class Channel, class Value>
void send_at_once(Channel& to, Value value) {
    if (!to.try_send(error_code(), value)) std::abort();
}

// `first(loop, there, back)` and `second(loop, there, back)` start the two sides of a ping-pong, on one loop or on two.
template <class Channel = number_channel, class First, class Second>
peer::repeated on_one_loop(First first, Second second, std::uint64_t n) {
    own_loop loop;
    Channel there(loop.get_executor(), 1), back(loop.get_executor(), 1);
    second(loop, there, back);
    first(loop, there, back);
    return {peer::timed([&] { loop.run(); }), 2 * n};
}
template <class Channel = concurrent_number_channel, class First, class Second>
peer::repeated on_two_loops(First first, Second second, std::uint64_t n) {
    shared_loop loop, other_loop;
    Channel there(other_loop.get_executor(), 1), back(loop.get_executor(), 1);
    second(other_loop, there, back);
    std::thread other([&] { other_loop.run(); });
    first(loop, there, back);
    return {peer::timed([&] { loop.run(), other.join(); }), 2 * n};
}

// One timer is armed again and again, as that of a connection is; what its cancelled waits say is taken now and then, as
// a loop does between two batches of events.
inline peer::repeated timer_cancelled(std::size_t size, std::uint64_t n) {
    constexpr std::uint64_t batch_count = 128;
    own_loop loop;
    std::deque<timer> others;
    for (std::size_t i = 0; i < size; ++i) others.emplace_back(loop, peer::far_away(i)).async_wait([](error_code) {});
    timer one(loop);
    return {peer::timed([&] {
                for (std::uint64_t i = 0; i < n; ++i) {
                    one.expires_after(peer::far_away(i));
                    one.async_wait([](error_code) {});
                    one.cancel();
                    if (i % batch_count == 0) loop.restart(), loop.poll();
                }
            }),
            n};
}

inline peer::repeated timer_expired(std::size_t, std::uint64_t n) {
    own_loop loop;
    return {peer::cpu_timed([&] {
                std::uint64_t expired = 0;
                std::deque<timer> all;
                for (std::uint64_t i = 0; i < n; ++i)
                    all.emplace_back(loop, peer::soon(i)).async_wait([&](error_code) { ++expired; });
                loop.run();
                if (expired != n) std::abort();
            }),
            n};
}

}  // namespace asio_base

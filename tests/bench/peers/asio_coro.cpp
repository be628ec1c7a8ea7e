// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with C++20 coroutines. Operations are awaited as deferred ones, which spares them a frame. Asio has no mutex
// and no semaphore that can be awaited; its users make them of a channel.
#include "asio_base.h"

#include <vector>

namespace {

using namespace asio_base;

template <class T>
using awaitable = asio::awaitable<T, executor>;
using asio::deferred;
using asio::detached;
using token_channel = asio::experimental::channel<executor, void(error_code)>;
using concurrent_token_channel = asio::experimental::concurrent_channel<executor, void(error_code)>;

awaitable<void> take_turns(executor here, std::uint64_t laps) {
    for (std::uint64_t lap = 0; lap < laps; ++lap) co_await asio::post(here, deferred);
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    own_loop loop;
    for (std::size_t i = 0; i < size; ++i) asio::co_spawn(loop, take_turns(loop.get_executor(), laps), detached);
    loop.poll_one();
    return {peer::timed([&] { loop.run(); }), laps * size};
}

awaitable<void> nothing() { co_return; }

peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    auto measure = [n](executor here) -> awaitable<void> {
        for (std::uint64_t i = 0; i < n; ++i) co_await asio::co_spawn(here, nothing(), deferred);
    };
    own_loop loop;
    asio::co_spawn(loop, measure(loop.get_executor()), detached);
    return {peer::timed([&] { loop.run(); }), n};
}

// The children leave their sums in a channel, the fastest way to wait for several.
awaitable<void> skynet(executor here, std::uint64_t first, std::uint64_t size, number_channel& report) {
    std::uint64_t sum = first;
    if (size > 1) {
        number_channel sums(here, 10);
        for (std::uint64_t i = 0; i < 10; ++i)
            asio::co_spawn(here, skynet(here, first + i * (size / 10), size / 10, sums), detached);
        sum = 0;
        for (int i = 0; i < 10; ++i) sum += co_await sums.async_receive(deferred);
    }
    send_at_once(report, sum);
}

awaitable<void> sleep_until(executor here, peer::clock::time_point moment) {
    co_await timer(here, moment).async_wait(deferred);
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        for (std::size_t i = 0; i < count; ++i) asio::co_spawn(loop_, sleep_until(loop_.get_executor(), moment), detached);
        loop_.poll();
    }
    void wait() { loop_.run(); }

  private:
    own_loop loop_;
};

template <class Channel>
awaitable<void> send_and_receive(Channel& there, Channel& back, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        send_at_once(there, i);
        co_await back.async_receive(deferred);
    }
}
template <class Channel>
awaitable<void> send_back(Channel& there, Channel& back, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) send_at_once(back, co_await there.async_receive(deferred));
}
auto sending(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::co_spawn(loop, send_and_receive(there, back, n), detached); };
}
auto answering(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::co_spawn(loop, send_back(there, back, n), detached); };
}

// A semaphore is a channel of its permits.
template <class Channel>
void release(Channel& permits) {
    if (!permits.try_send(error_code())) std::abort();
}
template <class Channel>
awaitable<void> begin(Channel& there, Channel& here, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        release(there);
        co_await here.async_receive(deferred);
    }
}
template <class Channel>
awaitable<void> answer(Channel& there, Channel& here, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await there.async_receive(deferred);
        release(here);
    }
}
auto beginning(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::co_spawn(loop, begin(there, back, n), detached); };
}
auto replying(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::co_spawn(loop, answer(there, back, n), detached); };
}

// A mutex is a channel with room for one.
awaitable<void> contend(executor here, token_channel& lock, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        if (!lock.try_send(error_code())) co_await lock.async_send(error_code(), deferred);
        co_await asio::post(here, deferred);
        lock.try_receive([](error_code) {});
    }
}

peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    own_loop loop;
    token_channel lock(loop.get_executor(), 1);
    for (int i = 0; i < 2; ++i) asio::co_spawn(loop, contend(loop.get_executor(), lock, n / 2), detached);
    return {peer::timed([&] { loop.run(); }), n};
}

auto computing(std::uint64_t& state, std::uint64_t n) {
    return [&state, n](auto& loop, auto& lock, auto&) {
        auto compute = [](auto& lock, std::uint64_t& state, std::uint64_t n) -> awaitable<void> {
            std::uint64_t own = 0;
            for (std::uint64_t i = 0; i < n; ++i) {
                if (!lock.try_send(error_code())) co_await lock.async_send(error_code(), deferred);
                peer::compute(state);
                lock.try_receive([](error_code) {});
                peer::compute(own);
            }
        };
        asio::co_spawn(loop, compute(lock, state, n), detached);
    };
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"skynet", peer::once([](std::size_t size) {
         own_loop loop;
         number_channel result(loop.get_executor(), 1);
         asio::co_spawn(loop, skynet(loop.get_executor(), 0, size, result), detached);
         loop.run();
     })},
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue", peer::each([](std::size_t, std::uint64_t n) { return on_one_loop(sending(n), answering(n), n); })},
    {"queue-threads", peer::each([](std::size_t, std::uint64_t n) { return on_two_loops(sending(n), answering(n), n); })},
    {"mutex", peer::each(mutex_handed_on)},
    {"mutex-threads", peer::each([](std::size_t, std::uint64_t n) {
         std::uint64_t state = 0;
         return on_two_loops<concurrent_token_channel>(computing(state, n), computing(state, n), n);
     })},
    {"semaphore", peer::each([](std::size_t, std::uint64_t n) {
         return on_one_loop<token_channel>(beginning(n), replying(n), n);
     })},
    {"semaphore-threads", peer::each([](std::size_t, std::uint64_t n) {
         return on_two_loops<concurrent_token_channel>(beginning(n), replying(n), n);
     })},
    {"timer-cancel", peer::each(timer_cancelled)},
    {"timer-expire", peer::each(timer_expired)},
};

}  // namespace

// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with stackful coroutines (asio::spawn on Boost.Context). As in asio_coro.cpp, mutex and semaphore are made of a
// channel. Stacks are as small as green's; which of Boost.Context's allocators serves best depends on the workload: a pool
// starts coroutines faster, malloc() writes into fewer pages of stacks that only wait.
#include "asio_base.h"

#include <boost/asio/spawn.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>

#include <vector>

namespace {

using namespace asio_base;

using yield_context = asio::basic_yield_context<executor>;
using asio::detached;
using token_channel = asio::experimental::channel<executor, void(error_code)>;
using concurrent_token_channel = asio::experimental::concurrent_channel<executor, void(error_code)>;

constexpr std::size_t stack_size_bytes = 64 * 1024;
// In blocks of 64 MiB at most; not for two threads.
boost::context::pooled_fixedsize_stack pool(stack_size_bytes, 32, 1024);

template <class Function, class Token, class Stacks = boost::context::pooled_fixedsize_stack&>
auto start(executor where, Function function, Token&& token, Stacks&& stacks = pool) {
    return asio::spawn(where, std::allocator_arg, stacks, std::move(function), std::forward<Token>(token));
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    own_loop loop;
    peer::nanoseconds spent{0};
    for (std::size_t i = 0; i < size; ++i)
        start(loop.get_executor(), [&loop, &spent, laps, first = i == 0](yield_context yield) {
            asio::post(loop, yield);
            const auto mine = peer::timed([&] {
                for (std::uint64_t lap = 0; lap < laps; ++lap) asio::post(loop, yield);
            });
            if (first) spent = mine;
        }, detached);
    loop.run();
    return {spent, laps * size};
}

// The end of a coroutine is told by a channel. With `yield` as the token, its end would resume the parent from inside, on
// top of its stack, and so would the next one's (Boost 1.81 crashes).
peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    own_loop loop;
    start(loop.get_executor(), [&loop, n](yield_context yield) {
        token_channel ended(loop.get_executor(), 1);
        for (std::uint64_t i = 0; i < n; ++i) {
            start(loop.get_executor(), [](yield_context) {}, [&](std::exception_ptr) { ended.try_send(error_code()); });
            ended.async_receive(yield);
        }
    }, detached);
    return {peer::timed([&] { loop.run(); }), n};
}

// The children leave their sums in a channel.
std::uint64_t skynet(yield_context yield, std::uint64_t first, std::uint64_t size) {
    if (size <= 1) return first;
    number_channel sums(yield.get_executor(), 10);
    for (std::uint64_t i = 0; i < 10; ++i)
        start(yield.get_executor(), [&sums, child = first + i * (size / 10), size](yield_context its) {
            send_at_once(sums, skynet(its, child, size / 10));
        }, detached);
    std::uint64_t sum = 0;
    for (int i = 0; i < 10; ++i) sum += sums.async_receive(yield);
    return sum;
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        for (std::size_t i = 0; i < count; ++i)
            start(loop_.get_executor(), [this, moment](yield_context yield) { timer(loop_, moment).async_wait(yield); },
                  detached, boost::context::fixedsize_stack(stack_size_bytes));
        loop_.poll();
    }
    void wait() { loop_.run(); }

  private:
    own_loop loop_;
};

// One side of a ping-pong, with stacks of its own because it may run on a thread of its own.
template <class Body>
auto side(Body body) {
    return [body](auto& loop, auto& there, auto& back) {
        start(loop.get_executor(), [&there, &back, body](yield_context yield) { body(yield, there, back); }, detached,
              boost::context::fixedsize_stack(stack_size_bytes));
    };
}
auto sending(std::uint64_t n) {
    return side([n](yield_context yield, auto& there, auto& back) {
        for (std::uint64_t i = 0; i < n; ++i) {
            send_at_once(there, i);
            back.async_receive(yield);
        }
    });
}
auto answering(std::uint64_t n) {
    return side([n](yield_context yield, auto& there, auto& back) {
        for (std::uint64_t i = 0; i < n; ++i) send_at_once(back, there.async_receive(yield));
    });
}

// A semaphore is a channel of its permits.
template <class Channel>
void release(Channel& permits) {
    if (!permits.try_send(error_code())) std::abort();
}
auto beginning(std::uint64_t n) {
    return side([n](yield_context yield, auto& there, auto& back) {
        for (std::uint64_t i = 0; i < n; ++i) {
            release(there);
            back.async_receive(yield);
        }
    });
}
auto replying(std::uint64_t n) {
    return side([n](yield_context yield, auto& there, auto& back) {
        for (std::uint64_t i = 0; i < n; ++i) {
            there.async_receive(yield);
            release(back);
        }
    });
}

// A mutex is a channel with room for one.
peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    own_loop loop;
    token_channel lock(loop.get_executor(), 1);
    auto contend = [&](yield_context yield) {
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            if (!lock.try_send(error_code())) lock.async_send(error_code(), yield);
            asio::post(loop, yield);
            lock.try_receive([](error_code) {});
        }
    };
    for (int i = 0; i < 2; ++i) start(loop.get_executor(), contend, detached);
    return {peer::timed([&] { loop.run(); }), n};
}

auto computing(std::uint64_t& state, std::uint64_t n) {
    return side([&state, n](yield_context yield, auto& lock, auto&) {
        std::uint64_t own = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            if (!lock.try_send(error_code())) lock.async_send(error_code(), yield);
            peer::compute(state);
            lock.try_receive([](error_code) {});
            peer::compute(own);
        }
    });
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"skynet", peer::once([](std::size_t size) {
         own_loop loop;
         start(loop.get_executor(), [size](yield_context yield) { peer::keep(skynet(yield, 0, size)); }, detached);
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

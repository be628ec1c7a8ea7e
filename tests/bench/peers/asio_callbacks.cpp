// SPDX-License-Identifier: BSL-1.0
// Boost.Asio with callbacks: what waits is a function object that has been handed over. "switch" is a handler that posts
// itself. Left out: spawn, because nothing is started that could be joined; mutex and semaphore, because a handler cannot
// wait for a lock (its users have strands instead).
#include "asio_base.h"

namespace {

using namespace asio_base;

struct turn {
    own_loop& loop;
    std::uint64_t left;
    void operator()() {
        if (left-- > 0) asio::post(loop, *this);
    }
};

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    own_loop loop;
    for (std::size_t i = 0; i < size; ++i) asio::post(loop, turn{loop, laps});
    return {peer::timed([&] { loop.run(); }), laps * size};
}

// A node of the tree that waits for its children. The last of them takes the sum further up.
struct skynet_node {
    skynet_node* parent;
    std::uint64_t sum = 0;
    int left = 10;

    static void report(skynet_node* to, std::uint64_t value, std::uint64_t& result) {
        while (to) {
            to->sum += value;
            if (--to->left > 0) return;
            value = to->sum;
            delete std::exchange(to, to->parent);
        }
        result = value;
    }
};

struct skynet {
    own_loop& loop;
    skynet_node* parent;
    std::uint64_t first, size;
    std::uint64_t& result;
    void operator()() {
        if (size <= 1) return skynet_node::report(parent, first, result);
        auto* self = new skynet_node{parent};
        for (std::uint64_t i = 0; i < 10; ++i) asio::post(loop, skynet{loop, self, first + i * (size / 10), size / 10, result});
    }
};

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        for (std::size_t i = 0; i < count; ++i) timers_.emplace_back(loop_, moment).async_wait([](error_code) {});
        loop_.poll();
    }
    void wait() { loop_.run(); }

  private:
    own_loop loop_;
    std::deque<timer> timers_;
};

// Sends a number and takes the answer, n times.
template <class Channel>
struct sender {
    Channel &there, &back;
    std::uint64_t left;
    void operator()(error_code = {}, std::uint64_t = 0) {
        if (left == 0) return;
        send_at_once(there, --left);
        back.async_receive(*this);
    }
};
template <class Channel>
struct answerer {
    Channel &there, &back;
    std::uint64_t left;
    void operator()() { there.async_receive(*this); }
    void operator()(error_code, std::uint64_t value) {
        send_at_once(back, value);
        if (--left > 0) there.async_receive(*this);
    }
};

auto sending(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::post(loop, sender{there, back, n}); };
}
auto answering(std::uint64_t n) {
    return [n](auto& loop, auto& there, auto& back) { asio::post(loop, answerer{there, back, n}); };
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"skynet", peer::once([](std::size_t size) {
         std::uint64_t result = 0;
         own_loop loop;
         asio::post(loop, skynet{loop, nullptr, 0, size, result});
         loop.run();
         peer::keep(result);
     })},
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue", peer::each([](std::size_t, std::uint64_t n) { return on_one_loop(sending(n), answering(n), n); })},
    {"queue-threads", peer::each([](std::size_t, std::uint64_t n) { return on_two_loops(sending(n), answering(n), n); })},
    {"timer-cancel", peer::each(timer_cancelled)},
    {"timer-expire", peer::each(timer_expired)},
};

}  // namespace

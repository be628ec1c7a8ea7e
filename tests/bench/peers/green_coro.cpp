// SPDX-License-Identifier: BSL-1.0
// green's stackless tasks: switching, starting, sleeping, handing over. Twin of green_fibers.cpp.
#include <green/green.h>

#include <mutex>
#include <thread>
#include <vector>

#include "green_timers.h"
#include "peer.h"

namespace {

namespace coro = green::coro;
using coro::task;

// Runs a measurement as a task on the hub; as a part of main's fiber, each of its waits would switch stacks.
template <class Body>
void run_as_task(Body body) {
    green::block_on(coro::spawn(std::move(body)));
}

task<void> take_turns(std::uint64_t laps, peer::nanoseconds* spent) {
    co_await coro::yield();
    const auto start = peer::clock::now();
    for (std::uint64_t lap = 0; lap < laps; ++lap) co_await coro::yield();
    if (spent) *spent = peer::clock::now() - start;
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    peer::nanoseconds spent{0};
    std::vector<coro::join_handle<void>> circle;
    for (std::size_t i = 0; i < size; ++i) circle.push_back(coro::spawn(take_turns(laps, i == 0 ? &spent : nullptr)));
    for (auto& one : circle) green::block_on(one);
    return {spent, laps * size};
}

task<void> nothing() { co_return; }

peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    auto measure = [n]() -> task<void> {
        for (std::uint64_t i = 0; i < n; ++i) co_await coro::spawn(nothing()).join();
    };
    return {peer::timed([&] { run_as_task(measure); }), n};
}

task<std::uint64_t> skynet(std::uint64_t first, std::uint64_t size) {
    if (size <= 1) co_return first;
    std::vector<coro::join_handle<std::uint64_t>> children;
    children.reserve(10);
    for (std::uint64_t i = 0; i < 10; ++i) children.push_back(coro::spawn(skynet(first + i * (size / 10), size / 10)));
    std::uint64_t sum = 0;
    for (auto& child : children) sum += co_await child.get();
    co_return sum;
}

task<void> sleep_until(green::time_point moment) {
    co_await coro::sleep_until(moment);
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        tasks_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) tasks_.push_back(coro::spawn(sleep_until(moment)));
        green::yield();
    }
    void wait() {
        run_as_task([this]() -> task<void> {
            for (auto& one : tasks_) co_await one.join();
        });
    }

  private:
    std::vector<coro::join_handle<void>> tasks_;
};

using queue = green::queue<std::uint64_t>;

task<void> send_and_receive(queue& there, queue& back, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await coro::put(there, i);
        co_await coro::get(back);
    }
}
task<void> send_back(queue& there, queue& back, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t value = co_await coro::get(there);
        co_await coro::put(back, value);
    }
}

task<void> begin(green::semaphore& here, green::semaphore& there, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        there.release();
        co_await coro::acquire(here);
    }
}
task<void> answer(green::semaphore& here, green::semaphore& there, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await coro::acquire(there);
        here.release();
    }
}

// Two tasks on this thread's hub, or one of them on another thread's.
peer::repeated on_one_thread(task<void> first, task<void> second, std::uint64_t n) {
    auto other = coro::spawn(std::move(second));
    const auto spent = peer::timed([&] { green::block_on(coro::spawn(std::move(first))); });
    green::block_on(other);
    return {spent, 2 * n};
}
peer::repeated on_two_threads(task<void> first, task<void> second, std::uint64_t n) {
    std::thread other([&] { green::block_on(coro::spawn(std::move(second))); });
    return {peer::timed([&] { green::block_on(coro::spawn(std::move(first))), other.join(); }), 2 * n};
}

template <auto run>
peer::repeated queue_ping_pong(std::size_t, std::uint64_t n) {
    queue there(1), back(1);
    return run(send_and_receive(there, back, n), send_back(there, back, n), n);
}

template <auto run>
peer::repeated semaphore_handed_on(std::size_t, std::uint64_t n) {
    green::semaphore here(0), there(0);
    return run(begin(here, there, n), answer(here, there, n), n);
}

task<void> contend(green::mutex& lock, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        auto held = co_await coro::scoped_lock(lock);
        co_await coro::yield();
    }
}

peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    green::mutex lock;
    return {peer::timed([&] {
                auto a = coro::spawn(contend(lock, n / 2)), b = coro::spawn(contend(lock, n / 2));
                green::block_on(a), green::block_on(b);
            }),
            n};
}

task<void> compute(green::mutex& lock, std::uint64_t& state, std::uint64_t n) {
    std::uint64_t own = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        {
            auto held = co_await coro::scoped_lock(lock);
            peer::compute(state);
        }
        peer::compute(own);
    }
}

peer::repeated mutex_between_threads(std::size_t, std::uint64_t n) {
    green::mutex lock;
    std::uint64_t state = 0;
    return on_two_threads(compute(lock, state, n), compute(lock, state, n), n);
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"skynet", peer::once([](std::size_t size) { peer::keep(green::block_on(coro::spawn(skynet(0, size)))); })},
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue", peer::each(queue_ping_pong<on_one_thread>)},
    {"queue-threads", peer::each(queue_ping_pong<on_two_threads>)},
    {"mutex", peer::each(mutex_handed_on)},
    {"mutex-threads", peer::each(mutex_between_threads)},
    {"semaphore", peer::each(semaphore_handed_on<on_one_thread>)},
    {"semaphore-threads", peer::each(semaphore_handed_on<on_two_threads>)},
    {"timer-cancel", peer::each(green_timers::cancelled)},
    {"timer-expire", peer::each(green_timers::expired)},
};

}  // namespace

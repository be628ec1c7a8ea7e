// SPDX-License-Identifier: BSL-1.0
// Boost.Fiber: switching, starting, sleeping, handing over. Which of its stack allocators serves best depends on the
// workload: the pool starts fibers faster, malloc() writes into fewer pages of stacks that only wait. Left out: timers, for a
// fiber that sleeps is the only one there is.
#include <boost/fiber/all.hpp>

#include <mutex>
#include <thread>
#include <vector>

#include "peer.h"

namespace {

namespace fibers = boost::fibers;

// Stacks as small as green's, without a guard; kept for reuse, in blocks of 64 MiB at most.
constexpr std::size_t stack_size_bytes = 64 * 1024;
fibers::pooled_fixedsize_stack pool(stack_size_bytes, 32, 1024);

template <class Function, class Stacks = fibers::pooled_fixedsize_stack&>
fibers::fiber start(Function function, fibers::launch how = fibers::launch::post, Stacks&& stacks = pool) {
    return fibers::fiber(how, std::allocator_arg, stacks, std::move(function));
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    peer::nanoseconds spent{0};
    std::vector<fibers::fiber> circle;
    for (std::size_t i = 0; i < size; ++i)
        circle.push_back(start([&spent, laps, first = i == 0] {
            boost::this_fiber::yield();
            const auto mine = peer::timed([laps] {
                for (std::uint64_t lap = 0; lap < laps; ++lap) boost::this_fiber::yield();
            });
            if (first) spent = mine;
        }));
    for (auto& one : circle) one.join();
    return {spent, laps * size};
}

peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    return {peer::timed([n] {
                for (std::uint64_t i = 0; i < n; ++i) start([] {}, fibers::launch::dispatch).join();
            }),
            n};
}

// Children run at once (launch::dispatch), so that fewer wait to be started at a time.
std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    if (size <= 1) return first;
    std::uint64_t sums[10];
    std::vector<fibers::fiber> children;
    children.reserve(10);
    for (std::uint64_t i = 0; i < 10; ++i)
        children.push_back(start([=, &sums] { sums[i] = skynet(first + i * (size / 10), size / 10); },
                                 fibers::launch::dispatch));
    for (auto& child : children) child.join();
    std::uint64_t sum = 0;
    for (std::uint64_t each : sums) sum += each;
    return sum;
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        fibers_.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            fibers_.push_back(start([moment] { boost::this_fiber::sleep_until(moment); },
                                    fibers::launch::post, fibers::fixedsize_stack(stack_size_bytes)));
        boost::this_fiber::yield();
    }
    void wait() {
        for (auto& one : fibers_) one.join();
    }

  private:
    std::vector<fibers::fiber> fibers_;
};

using channel = fibers::buffered_channel<std::uint64_t>;

template <class Other>
peer::repeated ping_pong(std::uint64_t n, Other other) {
    channel there(2), back(2);
    auto echo = other([&] {
        std::uint64_t value = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            there.pop(value);
            back.push(value);
        }
    });
    const auto spent = peer::timed([&] {
        std::uint64_t value = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            there.push(i);
            back.pop(value);
        }
    });
    echo.join();
    return {spent, 2 * n};
}

peer::repeated queue_ping_pong(std::size_t, std::uint64_t n) {
    return ping_pong(n, [](auto function) { return start(function); });
}

peer::repeated queue_between_threads(std::size_t, std::uint64_t n) {
    return ping_pong(n, [](auto function) { return std::thread(function); });
}

peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    fibers::mutex lock;
    auto contend = [&] {
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            std::lock_guard held(lock);
            boost::this_fiber::yield();
        }
    };
    return {peer::timed([&] {
                auto a = start(contend), b = start(contend);
                a.join(), b.join();
            }),
            n};
}

// Boost.Fiber has no semaphore; its users make one of a condition variable.
class semaphore {
  public:
    void acquire() {
        std::unique_lock held(lock_);
        changed_.wait(held, [&] { return permits_ > 0; });
        --permits_;
    }
    void release() {
        {
            std::lock_guard held(lock_);
            ++permits_;
        }
        changed_.notify_one();
    }

  private:
    fibers::mutex lock_;
    fibers::condition_variable changed_;
    int permits_ = 0;
};

template <class Other>
peer::repeated hand_on(std::uint64_t n, Other start_other) {
    semaphore here, there;
    auto other = start_other([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.acquire(), here.release();
    });
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.release(), here.acquire();
    });
    other.join();
    return {spent, 2 * n};
}

peer::repeated semaphore_handed_on(std::size_t, std::uint64_t n) {
    return hand_on(n, [](auto function) { return start(function); });
}

peer::repeated semaphore_between_threads(std::size_t, std::uint64_t n) {
    return hand_on(n, [](auto function) { return std::thread(function); });
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"skynet", peer::once([](std::size_t size) {
         start([size] { peer::keep(skynet(0, size)); }).join();
     })},
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue", peer::each(queue_ping_pong)},
    {"queue-threads", peer::each(queue_between_threads)},
    {"mutex", peer::each(mutex_handed_on)},
    {"mutex-threads", peer::each(peer::mutex_between_threads<fibers::mutex>)},
    {"semaphore", peer::each(semaphore_handed_on)},
    {"semaphore-threads", peer::each(semaphore_between_threads)},
};

}  // namespace

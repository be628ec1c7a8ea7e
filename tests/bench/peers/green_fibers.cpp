// SPDX-License-Identifier: BSL-1.0
// green's fibers: switching, starting, sleeping, handing over.
#include <green/green.h>

#include <thread>
#include <vector>

#include "green_timers.h"
#include "peer.h"

namespace {

// Fibers that yield to each other in a circle; the first takes the time when all have started.
peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    peer::nanoseconds spent{0};
    std::vector<green::fiber<void>> circle;
    for (std::size_t i = 0; i < size; ++i)
        circle.push_back(green::spawn([&spent, laps, first = i == 0] {
            green::yield();
            const auto mine = peer::timed([laps] {
                for (std::uint64_t lap = 0; lap < laps; ++lap) green::yield();
            });
            if (first) spent = mine;
        }));
    for (auto& one : circle) one.join();
    return {spent, laps * size};
}

peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    return {peer::timed([n] {
                for (std::uint64_t i = 0; i < n; ++i) green::spawn([] {}).join();
            }),
            n};
}

// The tree of https://github.com/atemerev/skynet: ten children each, the leaves give their number, all are summed up.
// Children run at once, so that fewer live at a time.
std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
    if (size <= 1) return first;
    std::vector<green::fiber<std::uint64_t>> children;
    children.reserve(10);
    for (std::uint64_t i = 0; i < 10; ++i)
        children.push_back(green::spawn({.eager_start = true},
                                        [=] { return skynet(first + i * (size / 10), size / 10); }));
    std::uint64_t sum = 0;
    for (auto& child : children) sum += child.get();
    return sum;
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        fibers_.reserve(count);
        for (std::size_t i = 0; i < count; ++i)  // with stacks as large as the others have
            fibers_.push_back(green::spawn({.stack_size_bytes = 64 * 1024}, [moment] { green::sleep_until(moment); }));
        green::yield();
    }
    void wait() {
        for (auto& one : fibers_) one.join();
    }

  private:
    std::vector<green::fiber<void>> fibers_;
};

// A number goes to another fiber and comes back: two hand-overs.
peer::repeated queue_ping_pong(std::size_t, std::uint64_t n) {
    green::queue<std::uint64_t> there(1), back(1);
    auto echo = green::spawn([&] {
        for (std::uint64_t i = 0; i < n; ++i) back.put(there.get());
    });
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) {
            there.put(i);
            back.get();
        }
    });
    echo.join();
    return {spent, 2 * n};
}

peer::repeated queue_between_threads(std::size_t, std::uint64_t n) {
    green::queue<std::uint64_t> there(1), back(1);
    std::thread other([&] {
        for (std::uint64_t i = 0; i < n; ++i) back.put(there.get());
    });
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) {
            there.put(i);
            back.get();
        }
    });
    other.join();
    return {spent, 2 * n};
}

// Two that always find the lock taken.
peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    green::mutex lock;
    auto contend = [&] {
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            std::lock_guard held(lock);
            green::yield();
        }
    };
    return {peer::timed([&] {
                auto a = green::spawn(contend), b = green::spawn(contend);
                a.join(), b.join();
            }),
            n};
}

peer::repeated semaphore_handed_on(std::size_t, std::uint64_t n) {
    green::semaphore here(0), there(0);
    auto other = green::spawn([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.acquire(), here.release();
    });
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.release(), here.acquire();
    });
    other.join();
    return {spent, 2 * n};
}

peer::repeated semaphore_between_threads(std::size_t, std::uint64_t n) {
    green::semaphore here(0), there(0);
    std::thread other([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.acquire(), here.release();
    });
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.release(), here.acquire();
    });
    other.join();
    return {spent, 2 * n};
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"skynet", peer::once([](std::size_t size) { peer::keep(green::spawn(skynet, 0, size).get()); })},
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue", peer::each(queue_ping_pong)},
    {"queue-threads", peer::each(queue_between_threads)},
    {"mutex", peer::each(mutex_handed_on)},
    {"mutex-threads", peer::each(peer::mutex_between_threads<green::mutex>)},
    {"semaphore", peer::each(semaphore_handed_on)},
    {"semaphore-threads", peer::each(semaphore_between_threads)},
    {"timer-cancel", peer::each(green_timers::cancelled)},
    {"timer-expire", peer::each(green_timers::expired)},
};

}  // namespace

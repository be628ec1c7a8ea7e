// SPDX-License-Identifier: BSL-1.0
// Native threads that block, with what the standard library has for them. Workloads that the others do on one thread have
// all threads on one core here; those between two threads leave it to the kernel. "switch" hands a baton round by
// semaphores, for sched_yield() does not promise whose turn comes. Left out: skynet, because no machine has a million
// threads, and timers, because there are none.
#include <condition_variable>
#include <latch>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include <sched.h>

#include "peer.h"

namespace {

// Ties this thread, and those it starts from now on, to the core it is on.
void stay_on_this_core() {
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<std::size_t>(sched_getcpu()), &here);
    sched_setaffinity(0, sizeof here, &here);
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    stay_on_this_core();
    const std::uint64_t laps = n / size + 1;
    std::vector<std::binary_semaphore*> turns;
    for (std::size_t i = 0; i < size; ++i) turns.push_back(new std::binary_semaphore(0));
    std::latch started(static_cast<std::ptrdiff_t>(size));
    std::vector<std::jthread> circle;
    for (std::size_t i = 1; i < size; ++i)
        circle.emplace_back([&, i] {
            started.count_down();
            for (std::uint64_t lap = 0; lap <= laps; ++lap) {
                turns[i]->acquire();
                turns[(i + 1) % size]->release();
            }
        });
    started.arrive_and_wait();
    auto lap = [&] {
        turns[1 % size]->release();
        turns[0]->acquire();
    };
    lap();
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < laps; ++i) lap();
    });
    circle.clear();
    for (auto* one : turns) delete one;
    return {spent, laps * size};
}

peer::repeated spawn_and_join(std::size_t, std::uint64_t n) {
    stay_on_this_core();
    return {peer::timed([n] {
                for (std::uint64_t i = 0; i < n; ++i) std::thread([] {}).join();
            }),
            n};
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) {
        std::latch asleep(static_cast<std::ptrdiff_t>(count) + 1);
        threads_.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            threads_.emplace_back([moment, &asleep] {
                asleep.count_down();
                std::this_thread::sleep_until(moment);
            });
        asleep.arrive_and_wait();
    }
    void wait() { threads_.clear(); }

  private:
    std::vector<std::jthread> threads_;
};

void sleep_all(const peer::request& wanted) {
    constexpr std::size_t most = 10'000;
    if (wanted.size > most) {
        std::fprintf(stderr, "threads: at most %zu sleepers; a system limits its threads, and each has kernel memory\n", most);
        std::exit(1);
    }
    stay_on_this_core();
    peer::sleepers<sleepers>()(wanted);
}

// A queue of one place, as it is written with a condition variable.
class queue {
  public:
    void put(std::uint64_t value) {
        {
            std::unique_lock held(lock_);
            changed_.wait(held, [&] { return !value_; });
            value_ = value;
        }
        changed_.notify_one();
    }
    std::uint64_t get() {
        std::unique_lock held(lock_);
        changed_.wait(held, [&] { return value_.has_value(); });
        const std::uint64_t value = *std::exchange(value_, std::nullopt);
        held.unlock();
        changed_.notify_one();
        return value;
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::optional<std::uint64_t> value_;
};

peer::repeated queue_ping_pong(std::size_t, std::uint64_t n) {
    queue there, back;
    std::jthread echo([&] {
        for (std::uint64_t i = 0; i < n; ++i) back.put(there.get());
    });
    return {peer::timed([&] {
                for (std::uint64_t i = 0; i < n; ++i) {
                    there.put(i);
                    back.get();
                }
            }),
            2 * n};
}

peer::repeated mutex_handed_on(std::size_t, std::uint64_t n) {
    stay_on_this_core();
    std::mutex lock;
    auto contend = [&] {
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            std::lock_guard held(lock);
            std::this_thread::yield();
        }
    };
    return {peer::timed([&] { std::jthread a(contend), b(contend); }), n};
}

peer::repeated semaphore_handed_on(std::size_t, std::uint64_t n) {
    std::counting_semaphore here(0), there(0);
    std::jthread other([&] {
        for (std::uint64_t i = 0; i < n; ++i) there.acquire(), here.release();
    });
    return {peer::timed([&] {
                for (std::uint64_t i = 0; i < n; ++i) there.release(), here.acquire();
            }),
            2 * n};
}

template <auto measure>
peer::repeated on_one_core(std::size_t size, std::uint64_t n) {
    stay_on_this_core();
    return measure(size, n);
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(spawn_and_join)},
    {"sleepers", sleep_all},
    {"queue", peer::each(on_one_core<queue_ping_pong>)},
    {"queue-threads", peer::each(queue_ping_pong)},
    {"mutex", peer::each(mutex_handed_on)},
    {"mutex-threads", peer::each(peer::mutex_between_threads<std::mutex>)},
    {"semaphore", peer::each(on_one_core<semaphore_handed_on>)},
    {"semaphore-threads", peer::each(semaphore_handed_on)},
};

}  // namespace

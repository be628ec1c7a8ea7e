// SPDX-License-Identifier: BSL-1.0
// What arming, cancelling and expiring a timer costs the hub, in units of J (see reference/jump_ping_pong.h),
// among few and among many other timers, beside a plain 4-ary heap.
//
//     build/tests/bench/timer-bench [--core N] [--json] ...       options: see harness.h
//
// Deadlines are spread evenly over ten seconds, as time-outs of I/O are; an expiry row fills the queue
// outside the measured time and then lets the whole ten seconds pass at once. This bench reaches into the hub
// room, because the public calls add a park and a clock to what the queue itself costs; switch-bench measures
// those.
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>
#include <green/hub/timer_heap.h>

#include "harness.h"
#include "reference/four_ary_heap.h"
#include "reference/jump_ping_pong.h"

namespace {

constexpr std::int64_t span_ns = 10'000'000'000;

// Deadlines to go round in. There are many, even for a queue of few timers: a processor learns the branches
// of a pattern that repeats every hundred timers by heart, and then shows a cost that no program will see.
class deadlines {
  public:
    deadlines() : values_(1 << 20) {
        std::mt19937_64 random(42);
        std::uniform_int_distribution<std::int64_t> deadline(1, span_ns);
        for (std::int64_t& one : values_) one = deadline(random);
    }
    std::int64_t next() { return values_[next_++ % values_.size()]; }

  private:
    std::vector<std::int64_t> values_;
    std::size_t next_ = 0;
};

deadlines& shared_deadlines() {
    static deadlines all;
    return all;
}

std::uint64_t expired_count = 0;

struct reference_queue {
    using timer = bench::heap_timer;

    void arm(timer& one, std::int64_t deadline_ns) { heap.arm(one, deadline_ns); }
    void cancel(timer& one) { heap.cancel(one); }
    void expire_all() {
        heap.expire(span_ns, [](timer&) { ++expired_count; });
    }

    bench::four_ary_heap heap;
};

struct hub_queue {
    struct timer : green::detail::timer {
        timer() : green::detail::timer([](green::detail::timer&) noexcept { ++expired_count; }) {}
    };

    static green::time_point at(std::int64_t deadline_ns) {
        return green::time_point(std::chrono::nanoseconds(deadline_ns));
    }
    void arm(timer& one, std::int64_t deadline_ns) { heap.arm(one, at(deadline_ns)); }
    void cancel(timer& one) { heap.disarm(one); }
    void expire_all() { heap.fire_until(at(span_ns)); }

    green::detail::timer_heap heap;
};

// A queue with `count` timers armed in it. The timers never move (std::deque).
template <class Queue>
struct filled {
    explicit filled(std::size_t count) : timers(count) { fill(); }
    ~filled() { queue.expire_all(); }

    void fill() {
        for (auto& one : timers) queue.arm(one, shared_deadlines().next());
    }

    std::deque<typename Queue::timer> timers;
    Queue queue;
};

template <class Queue>
bench::candidate arm_and_cancel(const std::string& name, std::size_t others, double limit = 0) {
    auto full = std::make_shared<filled<Queue>>(others);
    auto measure = [full](std::uint64_t operations) {
        typename Queue::timer timer;
        return bench::timed([&] {
            for (std::uint64_t i = 0; i < operations; ++i) {
                full->queue.arm(timer, shared_deadlines().next());
                full->queue.cancel(timer);
            }
        });
    };
    return {name + ": arm + cancel among " + std::to_string(others), measure, limit};
}

template <class Queue>
bench::candidate expire(const std::string& name, std::size_t count) {
    auto full = std::make_shared<filled<Queue>>(count);
    auto measure = [full](std::uint64_t operations) {
        bench::nanoseconds spent{0};
        expired_count = 0;
        while (expired_count < operations) {
            spent += bench::timed([&] { full->queue.expire_all(); });
            full->fill();
        }
        return spent;
    };
    return {name + ": expiry of " + std::to_string(count), measure, 0, count};
}

}  // namespace

int main(int count, char** words) {
    bench::comparison comparison(count, words);
    comparison.add(bench::jump_unit());
    for (std::size_t others : {1, 1'000, 100'000}) {
        comparison.add(arm_and_cancel<reference_queue>("4-ary heap", others));
        comparison.add(arm_and_cancel<hub_queue>("green", others, 5));
    }
    for (std::size_t timers : {100, 10'000, 1'000'000}) {
        comparison.add(expire<reference_queue>("4-ary heap", timers));
        comparison.add(expire<hub_queue>("green", timers));
    }
    return comparison.run();
}

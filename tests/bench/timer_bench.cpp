// SPDX-License-Identifier: BSL-1.0
// What arming, cancelling and expiring a timer costs, in units of J (see reference/jump_ping_pong.h), among
// few and among many other timers.
//
//     build/tests/bench/timer-bench [--core N] [--json] ...       options: see harness.h
//
// Deadlines are spread evenly over ten seconds, as time-outs of I/O are; an expiry row fills the queue
// outside the measured time and then lets the whole ten seconds pass at once.
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

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

// A heap with `count` timers armed in it.
struct filled_heap {
    explicit filled_heap(std::size_t count) : timers(count) { fill(); }

    void fill() {
        for (bench::heap_timer& one : timers) heap.arm(one, shared_deadlines().next());
    }

    std::vector<bench::heap_timer> timers;
    bench::four_ary_heap heap;
};

bench::candidate heap_arm_and_cancel(std::size_t others) {
    auto filled = std::make_shared<filled_heap>(others);
    auto measure = [filled](std::uint64_t operations) {
        bench::heap_timer timer;
        return bench::timed([&] {
            for (std::uint64_t i = 0; i < operations; ++i) {
                filled->heap.arm(timer, shared_deadlines().next());
                filled->heap.cancel(timer);
            }
        });
    };
    return {"4-ary heap: arm + cancel among " + std::to_string(others), measure};
}

bench::candidate heap_expire(std::size_t count) {
    auto filled = std::make_shared<filled_heap>(count);
    auto measure = [filled](std::uint64_t operations) {
        bench::nanoseconds spent{0};
        std::uint64_t expired = 0;
        while (expired < operations) {
            if (filled->heap.empty()) filled->fill();
            spent +=
                bench::timed([&] { filled->heap.expire(span_ns, [&](bench::heap_timer&) { ++expired; }); });
        }
        return spent;
    };
    return {"4-ary heap: expiry of " + std::to_string(count), measure, 0, count};
}

}  // namespace

int main(int count, char** words) {
    bench::comparison comparison(count, words);
    comparison.add(bench::jump_unit());
    for (std::size_t others : {1, 1'000, 100'000}) comparison.add(heap_arm_and_cancel(others));
    for (std::size_t timers : {100, 10'000, 1'000'000}) comparison.add(heap_expire(timers));
    return comparison.run();
}

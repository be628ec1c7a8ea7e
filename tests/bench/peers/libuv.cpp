// SPDX-License-Identifier: BSL-1.0
// libuv: a loop with callbacks. It has timers, and uv_async_send() to wake another thread's loop. Left out: switch, spawn,
// skynet, queue, mutex and semaphore, because nothing runs beside something else on one loop, nor can anything be posted to
// the own one.
#include <uv.h>

#include <deque>
#include <thread>
#include <vector>

#include "peer.h"

namespace {

// A loop of this scope, closed and empty at its end.
struct own_loop : uv_loop_t {
    own_loop() { uv_loop_init(this); }
    ~own_loop() {
        uv_walk(this, [](uv_handle_t* one, void*) { if (!uv_is_closing(one)) uv_close(one, nullptr); }, nullptr);
        run();
        uv_loop_close(this);
    }
    void run() { uv_run(this, UV_RUN_DEFAULT); }
};

// What libuv knows is whole milliseconds from the loop's idea of now; rounded up, because a timer is never early.
std::uint64_t milliseconds_until(const uv_loop_t& loop, peer::clock::time_point moment) {
    const auto since = std::chrono::ceil<std::chrono::milliseconds>(moment.time_since_epoch()).count();
    return static_cast<std::uint64_t>(since) - uv_now(&loop);
}

class sleepers {
  public:
    sleepers(std::size_t count, peer::clock::time_point moment) : timers_(count) {
        for (auto& one : timers_) {
            uv_timer_init(&loop_, &one);
            uv_timer_start(&one, [](uv_timer_t*) {}, milliseconds_until(loop_, moment), 0);
        }
        uv_run(&loop_, UV_RUN_NOWAIT);
    }
    void wait() { loop_.run(); }

  private:
    std::deque<uv_timer_t> timers_;
    own_loop loop_;
};

peer::repeated timer_cancelled(std::size_t size, std::uint64_t n) {
    std::deque<uv_timer_t> others(size);
    uv_timer_t one;
    own_loop loop;
    auto arm = [](uv_timer_t& timer, std::uint64_t i) {
        uv_timer_start(&timer, [](uv_timer_t*) {}, static_cast<std::uint64_t>(peer::far_away(i).count()), 0);
    };
    for (std::size_t i = 0; i < size; ++i) uv_timer_init(&loop, &others[i]), arm(others[i], i);
    uv_timer_init(&loop, &one);
    return {peer::timed([&] {
                for (std::uint64_t i = 0; i < n; ++i) {
                    arm(one, i);
                    uv_timer_stop(&one);
                }
            }),
            n};
}

// Rounded up to milliseconds. The loop ends when all have expired.
peer::repeated timer_expired(std::size_t, std::uint64_t n) {
    std::deque<uv_timer_t> all;
    own_loop loop;
    return {peer::cpu_timed([&] {
                uv_update_time(&loop);
                for (std::uint64_t i = 0; i < n; ++i) {
                    uv_timer_t& one = all.emplace_back();
                    uv_timer_init(&loop, &one);
                    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(peer::soon(i));
                    uv_timer_start(&one, [](uv_timer_t*) {}, static_cast<std::uint64_t>(delay.count()), 0);
                }
                loop.run();
            }),
            n};
}

// A number for another thread's loop: written down under a lock, and the loop is told.
class mailbox {
  public:
    template <class Receiver>
    mailbox(uv_loop_t& loop, Receiver* receiver) {
        uv_mutex_init(&lock_);
        told_.data = receiver;
        uv_async_init(&loop, &told_, [](uv_async_t* told) { static_cast<Receiver*>(told->data)->receive(); });
    }
    ~mailbox() { uv_mutex_destroy(&lock_); }

    void put(std::uint64_t value) {
        uv_mutex_lock(&lock_);
        values_.push_back(value);
        uv_mutex_unlock(&lock_);
        uv_async_send(&told_);
    }
    std::vector<std::uint64_t> take() {
        std::vector<std::uint64_t> taken;
        uv_mutex_lock(&lock_);
        taken.swap(values_);
        uv_mutex_unlock(&lock_);
        return taken;
    }
    // So that the loop can end.
    void close() { uv_close(reinterpret_cast<uv_handle_t*>(&told_), nullptr); }

  private:
    uv_mutex_t lock_;
    uv_async_t told_;
    std::vector<std::uint64_t> values_;
};

// One side of a ping-pong: gives the other one each number that it gets.
struct side {
    std::uint64_t to_receive, to_send;
    own_loop loop{};
    mailbox box{loop, this};
    side* other = nullptr;

    void send(std::uint64_t value) {
        if (to_send == 0) return;
        --to_send;
        other->box.put(value);
    }
    void receive() {
        for (std::uint64_t value : box.take()) {
            send(value);
            if (--to_receive == 0) box.close();
        }
    }
};

peer::repeated queue_between_threads(std::size_t, std::uint64_t n) {
    side here{n, n}, there{n, n};
    here.other = &there, there.other = &here;
    std::thread echo([&] { there.loop.run(); });
    const auto spent = peer::timed([&] {
        here.send(0);
        here.loop.run();
    });
    echo.join();
    return {spent, 2 * n};
}

const peer::workloads here{
    {"sleepers", peer::sleepers<sleepers>()},
    {"queue-threads", peer::each(queue_between_threads)},
    {"timer-cancel", peer::each(timer_cancelled)},
    {"timer-expire", peer::each(timer_expired)},
};

}  // namespace

// SPDX-License-Identifier: BSL-1.0
// The unit of the bench of tasks: coroutines that resume each other by symmetric transfer through a std::deque, with no
// scheduler around it: no identity, no scopes, no fairness, no timers.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <exception>
#include <vector>

#include "../harness.h"

namespace bench {

class deque_transfer {
  public:
    explicit deque_transfer(std::size_t coroutines) {
        for (std::size_t i = 0; i < coroutines; ++i) all_.push_back(turn_for_ever(*this));
        for (auto& each : all_) ready_.push_back(each.frame);
    }
    ~deque_transfer() {
        for (auto& each : all_) each.frame.destroy();
    }
    deque_transfer(const deque_transfer&) = delete;

    // Lets them resume each other that many times.
    void run(std::uint64_t transfers) {
        left_ = transfers;
        auto first = ready_.front();
        ready_.pop_front();
        first.resume();
    }

  private:
    struct coroutine {
        struct promise_type {
            coroutine get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
            std::suspend_always initial_suspend() noexcept { return {}; }
            std::suspend_always final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() { std::terminate(); }
        };
        std::coroutine_handle<promise_type> frame;
    };
    struct to_next {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) const {
            in.ready_.push_back(self);
            if (in.left_-- == 0) return std::noop_coroutine();
            auto next = in.ready_.front();
            in.ready_.pop_front();
            return next;
        }
        void await_resume() const noexcept {}
        deque_transfer& in;
    };
    static coroutine turn_for_ever(deque_transfer& in) {
        for (;;) co_await to_next{in};
    }

    std::vector<coroutine> all_;
    std::deque<std::coroutine_handle<>> ready_;
    std::uint64_t left_ = 0;
};

}  // namespace bench

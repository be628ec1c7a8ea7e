// SPDX-License-Identifier: BSL-1.0
// "Try, wait, try again" for coroutines, twin of io/perform.h.
#pragma once

#include <green/coro/awaiter.h>
#include <green/io/perform.h>

#include <cerrno>
#include <coroutine>
#include <optional>
#include <system_error>
#include <utility>

namespace green::detail {

// co_await on it performs the attempt, as perform() does on a fiber, and gives the same. The tries after a wait are
// made before the coroutine is resumed, so that it is resumed once, however often it had to wait; nothing is allocated.
template <io_attempt Attempt>
class [[nodiscard]] io_awaiter {
  public:
    // `error` must outlive the wait. `in_time_only`: not even one try is made once the deadline has passed, so that one
    // that never has to wait obeys it too.
    io_awaiter(int fd, direction d, Attempt attempt, time_point deadline, std::error_code& error,
               bool in_time_only = false)
        : attempt_(std::move(attempt)),
          deadline_(deadline),
          error_(error),
          fd_(fd),
          direction_(d),
          in_time_only_(in_time_only) {}
    io_awaiter(const io_awaiter&) = delete;

    bool await_ready() noexcept {
        if (!in_time_only_ || deadline_ == never || deadline_ > hub::current().now()) [[likely]] return false;
        fail(std::make_error_code(std::errc::timed_out));
        return true;
    }

    template <carried_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) {
        runner& chain = *self.promise().carried_by;
        who_ = &chain.who();
        if (chain.has_stack) {
            result_ = perform(fd_, direction_, attempt_, deadline_, error_);
            return self;
        }
        if (who_->needs_attention()) [[unlikely]] {
            cancelled_ = who_->is_refused_for_good() && budget_is_spent();
            if (cancelled_) return behind_others(chain);
            who_->model.throw_if_cancelled(*who_, attempt_.call);
        }
        if (fd_ < 0) {
            fail({EBADF, std::generic_category()});
            return self;
        }
        if (!must_wait()) return budget_is_spent() ? behind_others(chain) : self;
        resume_ = std::exchange(who_->runnable::run, &woken);
        return chain.leave();
    }

    ssize_t await_resume() {
        if (behind_others_) [[unlikely]] expire_scopes(*who_);
        if (cancelled_) [[unlikely]] who_->model.throw_if_cancelled(*who_, attempt_.call);
        return result_;
    }

  private:
    poller& home_poller() noexcept { return loop_of(who_->home()).poller(); }
    bool budget_is_spent() noexcept { return loop_of(who_->home()).budget_is_spent(); }
    std::coroutine_handle<> behind_others(runner& chain) noexcept {
        behind_others_ = true;
        return chain.go_behind();
    }

    bool fail(std::error_code why) noexcept {
        error_ = why;
        result_ = -1;
        return false;
    }

    // Tries until it is done, has failed (false), or would block; then the wait has begun.
    bool must_wait() {
        for (fd_state& state = home_poller().state(fd_);;) {
            switch (try_once(state, direction_, attempt_, result_)) {
                case try_result::done:
                    error_.clear();
                    return false;
                case try_result::failed:
                    return fail({static_cast<int>(-result_), std::generic_category()});
                case try_result::would_block:
                    break;
            }
            wait_.emplace(home_poller(), state, fd_, direction_, attempt_.call);
            who_->begin(wait_->reason());
            who_->node().slot = this;
            if (!had_at_once(*wait_, *who_)) break;
            who_->settle_without_waiting();
            if (wait_->refusal) return fail({wait_->refusal, std::generic_category()});
        }
        parked_until_ = deadline_;
        enter_parking(*who_, parked_until_);
        return true;
    }

    // Instead of resuming the coroutine, on the hub's own context.
    static void woken(runnable& waiter) noexcept {
        auto& who = static_cast<agent&>(waiter);
        auto& self = *static_cast<io_awaiter*>(who.node().slot);
        if (self.must_wait_again()) return;
        who.runnable::run = self.resume_;
        self.resume_(waiter);
    }

    bool must_wait_again() noexcept {
        const outcome ended = leave_parking(*who_, parked_until_);
        const bool closed = wait_->closed_meanwhile();
        wait_.reset();
        cancelled_ = ended == outcome::cancelled;
        if (cancelled_) return false;
        if (ended == outcome::timed_out) return fail(std::make_error_code(std::errc::timed_out));
        if (closed) return fail({EBADF, std::generic_category()});
        return must_wait();
    }

    Attempt attempt_;
    std::optional<fd_wait_or_refusal> wait_;
    time_point deadline_;
    time_point parked_until_{};
    std::error_code& error_;
    ssize_t result_ = -1;
    agent* who_ = nullptr;
    runnable::function resume_ = nullptr;
    int fd_;
    direction direction_;
    bool in_time_only_;
    bool cancelled_ = false;
    bool behind_others_ = false;
};

}  // namespace green::detail

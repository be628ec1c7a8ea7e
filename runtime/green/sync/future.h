// SPDX-License-Identifier: BSL-1.0
// A value that somebody will supply, for any number of fibers that wait for it.
#pragma once

#include <green/base/callback.h>
#include <green/base/function.h>
#include <green/base/check.h>
#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>
#include <green/hub/hub.h>

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace green {

namespace detail {

// What a promise and its futures share, apart from the value.
class future_state : public std::enable_shared_from_this<future_state> {
  public:
    bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }

    // Whoever supplies the value or error reserves first, then stores, then publishes.
    // Throws std::future_error (promise_already_satisfied).
    void reserve();
    bool try_reserve() noexcept;
    void unreserve() noexcept;
    void publish();

    // Calls f() on the caller's hub once there is a value, never inline. Keeps this state alive until then. When that
    // hub's thread has ended by then, f is destroyed uncalled.
    void call_when_ready(callback f);
    void rethrow_error() const {
        if (error) std::rethrow_exception(error);
    }

    std::exception_ptr error;  // valid once ready

    struct wait_operation {
        bool enqueue(wait_node& node) noexcept;
        void withdraw(wait_node& node) noexcept;
        wait_reason reason() const noexcept { return {.call = "future::wait"}; }
        future_state& target;
    };

  private:
    struct call {
        hub* home;
        callback f;
    };
    void schedule(call c);

    spin_lock lock_;
    bool reserved_ = false;
    std::atomic<bool> ready_{false};
    wait_queue waiters_;
    std::vector<call> calls_;
};

template <class T>
struct future_value : future_state {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
};

}  // namespace detail

// A share in a value that arrives later; copies name the same one. May be used from any thread.
template <class T>
class future {
    using state = detail::future_value<T>;

  public:
    future() = default;  // no share in anything; only valid() and assignment are allowed, the rest aborts

    bool valid() const noexcept { return state_ != nullptr; }
    // There is a value or an error. Does not park.
    bool ready() const noexcept { return shared().ready(); }

    // Parks until there is a value or an error. Throws cancellation.
    void wait() const { detail::wait_for(detail::future_state::wait_operation{shared()}); }
    // The same; false when `d` or `deadline` passed first.
    bool wait_for(duration d) const { return wait_until(hub::current().deadline_after(d)); }
    bool wait_until(time_point deadline) const {
        return detail::wait_for(detail::future_state::wait_operation{shared()}, deadline) == detail::outcome::ready;
    }

    // Parks until there is a value and returns it, or throws the error. May be called by several and again. Once
    // ready() it may be called where nothing may park, and is no point of cancellation.
    decltype(auto) get() const& {
        if (!ready()) wait();
        shared().rethrow_error();
        if constexpr (!std::is_void_v<T>) return std::as_const(*shared().value);
    }
    // The same from a share that goes away: a copy, or the value itself when it cannot be copied.
    T get() && {
        if (!ready()) wait();
        shared().rethrow_error();
        if constexpr (std::is_copy_constructible_v<T>)
            return *shared().value;
        else if constexpr (!std::is_void_v<T>)
            return std::move(*shared().value);
    }

    // Calls f(*this) on the calling thread's hub once there is a value or an error, never inline. f must not park. When
    // the calling thread has ended by then, f is destroyed uncalled.
    template <class F>
    void on_ready(F&& f) const {
        shared().call_when_ready([f = std::forward<F>(f), s = &shared()]() mutable {
            detail::call_function(f, future(std::static_pointer_cast<state>(s->shared_from_this())));
        });
    }

    // For the rooms of the runtime.
    friend detail::future_state::wait_operation ready_operation(const future& f) noexcept { return {f.shared()}; }

  private:
    template <class U>
    friend class promise;
    explicit future(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
    state& shared(std::source_location where = std::source_location::current()) const noexcept {
        detail::check(state_ != nullptr, "a future that shares in no value", where);
        return *state_;
    }
    std::shared_ptr<state> state_;
};

// The side that supplies the value.
//
//     green::promise<int> answer;
//     green::spawn([f = answer.get_future()] { std::printf("%d\n", f.get()); });
//     answer.set_value(42);
//
// May be used from any thread, with or without a hub. One that goes without having supplied anything leaves the
// error std::future_errc::broken_promise; of one that was moved from only assignment is allowed. No member parks.
template <class T>
class promise {
    using state = detail::future_value<T>;

  public:
    promise() : state_(std::make_shared<state>()) {}
    promise(promise&&) noexcept = default;
    promise& operator=(promise&& other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~promise() {
        if (!state_ || !state_->try_reserve()) return;
        state_->error = std::make_exception_ptr(std::future_error(std::future_errc::broken_promise));
        state_->publish();
    }

    // A share in the value; may be called several times.
    future<T> get_future() const {
        (void)shared();
        return future<T>(state_);
    }

    // Supplies the value, made of `args`, or an error. Throws std::future_error (promise_already_satisfied) when
    // there is one already, and what T's constructor throws; then nothing was supplied.
    template <class... Args>
    void set_value(Args&&... args) {
        shared().reserve();
        try {
            shared().value.emplace(std::forward<Args>(args)...);
        } catch (...) {
            shared().unreserve();
            throw;
        }
        shared().publish();
    }
    void set_exception(std::exception_ptr e) {
        shared().reserve();
        shared().error = std::move(e);
        shared().publish();
    }

  private:
    state& shared(std::source_location where = std::source_location::current()) const noexcept {
        detail::check(state_ != nullptr, "a promise that was moved from shares in no value", where);
        return *state_;
    }
    std::shared_ptr<state> state_;
};

// The same as co_await; waiting alone is coro::wait(future) (sync/wait.h).
namespace coro {
template <class T>
class [[nodiscard]] future_awaiter : public detail::operation_awaiter<detail::future_state::wait_operation> {
  public:
    explicit future_awaiter(future<T> of) : operation_awaiter(ready_operation(of)), of_(std::move(of)) {}
    T await_resume() {
        operation_awaiter::await_resume();
        return std::move(of_).get();
    }

  private:
    future<T> of_;
};
// Gives a copy of the value, or the value itself when it cannot be copied; throws the error.
template <class T>
auto get(future<T> of) {
    return future_awaiter<T>(std::move(of));
}
}  // namespace coro

}  // namespace green

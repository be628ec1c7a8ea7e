// SPDX-License-Identifier: BSL-1.0
// A sequence that a coroutine computes as it is asked for, waiting where it has to.
#pragma once

#include <green/base/caught.h>
#include <green/base/check.h>
#include <green/coro/runner.h>
#include <green/hub/carried_scopes.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace green::coro {

// Gives values of T to a coroutine that asks for one after the other.
//
//     green::coro::async_generator<std::string> lines(green::tcp_stream& from) {
//         std::string text;
//         for (;;) {
//             const std::size_t size = co_await green::coro::read_until(from, text, "\n");
//             co_yield text.substr(0, size);
//             text.erase(0, size);
//         }
//     }
//     auto all = lines(peer);
//     while (auto line = co_await all.next()) use(*line);
//
// It runs only between a next() and the following co_yield, as a part of whoever awaits that next(): its waits are
// theirs, and so are their cancellation and timeouts; a scope or timeout of its own that is open at a co_yield is out
// of force until the following next(). One that was cut short by a cancellation has ended. What it
// throws is thrown at next(), and then it has ended. Dropping it where it stands destroys it.
//
// async_generator<T&> gives what is yielded uncopied: next() is then a T*, valid until the following one.
template <class T>
class [[nodiscard]] async_generator {
    static_assert(!std::is_void_v<T> && !std::is_rvalue_reference_v<T>);
    using given = std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<T>>;

  public:
    class promise_type;

    async_generator(async_generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    async_generator& operator=(async_generator&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~async_generator() {
        if (!frame_) return;
        detail::check(!frame_.promise().consumer_, "an async_generator goes away while it computes a value");
        frame_.promise().scopes_.destroy_inside([frame = frame_] { frame.destroy(); });
    }

    // co_await: the next value, in a std::optional; empty at the end, now and later. Throws std::logic_error while it computes one, for
    // another task or for its own coroutine.
    auto next() noexcept {
        detail::check(frame_ != nullptr, "an async_generator that was moved from");
        return step{frame_};
    }

  private:
    explicit async_generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    struct step {
        bool await_ready() const {
            if (frame.promise().consumer_)
                throw std::logic_error("green: an async_generator is asked for a value while it computes one");
            return frame.done();
        }
        template <detail::carried_promise Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> consumer) const noexcept {
            frame.promise().carried_by = consumer.promise().carried_by;
            frame.promise().consumer_ = consumer;
            frame.promise().scopes_.enter(consumer.promise().carried_by->who());
            return consumer.promise().carried_by->transfer_to(frame);
        }
        given await_resume() const { return frame.promise().take(); }
        std::coroutine_handle<promise_type> frame;
    };

    std::coroutine_handle<promise_type> frame_;
};

template <class T>
class async_generator<T>::promise_type : public detail::awaiting_promise {
  public:
    async_generator get_return_object() noexcept {
        return async_generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept { return to_consumer(); }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = detail::caught_at_the_end(); }
    template <class U>
        requires(!std::is_reference_v<T> && std::convertible_to<U &&, T>)
    auto yield_value(U&& value) {
        value_.emplace(std::forward<U>(value));
        return to_consumer();
    }
    // What is converted to it lives in the co_yield, as long as it is looked at.
    auto yield_value(T value) noexcept
        requires std::is_reference_v<T>
    {
        value_ = std::addressof(value);
        return to_consumer();
    }

    given take() {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
        return std::exchange(value_, given());
    }

  private:
    friend async_generator;
    struct to_consumer {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
            self.promise().scopes_.leave(self.promise().carried_by->who());
            return self.promise().carried_by->transfer_to(std::exchange(self.promise().consumer_, nullptr));
        }
        void await_resume() const noexcept {}
    };

    std::coroutine_handle<> consumer_;  // while it computes
    detail::carried_scopes scopes_;
    given value_{};
    std::exception_ptr error_;
};

}  // namespace green::coro

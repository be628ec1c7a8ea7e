// SPDX-License-Identifier: BSL-1.0
// The stackless unit of work: a coroutine that runs when it is awaited.
#pragma once

#include <green/base/caught.h>
#include <green/base/check.h>
#include <green/base/function.h>
#include <green/coro/runner.h>

// GCC counts a coroutine's frame as a class with linkage and warns of every lambda in it that has none, wherever the
// coroutine is a template in a header. It cannot be told apart by the user, so it is silenced for them.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace green::coro {

template <class T>
class task;

}  // namespace green::coro

namespace green::detail {

// Who goes on when a coroutine has ended: whoever awaits it. Of the first one of a chain, whom nobody awaits, it says
// instead what it is, for a message; so that takes no place in the frames.
class successor {
  public:
    successor() = default;
    // A name of static storage; its address is moved up by a bit, because names lie at odd ones too.
    explicit successor(const char* origin) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(origin) << 1 | is_origin) {}
    void set(std::coroutine_handle<> next) noexcept { bits_ = reinterpret_cast<std::uintptr_t>(next.address()); }

    bool exists() const noexcept { return !(bits_ & is_origin); }
    std::coroutine_handle<> get() const noexcept {
        return std::coroutine_handle<>::from_address(reinterpret_cast<void*>(bits_));
    }
    const char* origin() const noexcept { return exists() ? nullptr : reinterpret_cast<const char*>(bits_ >> 1); }

  private:
    static constexpr std::uintptr_t is_origin = 1;
    std::uintptr_t bits_ = is_origin;
};

// What the promises of all tasks share: who awaits, and how it ended. Whoever calls get_return_object() without its
// argument, as the compiler does, stands in the coroutine: so it learns what that is called.
class task_promise_base : public awaiting_promise {
  public:
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept { return hand_back(); }
    void unhandled_exception() noexcept { error_ = caught_at_the_end(); }

    successor after;

  protected:
    void rethrow_error() {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

  private:
    struct hand_back {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            task_promise_base& promise = ended.promise();
            if (!promise.after.exists()) return std::noop_coroutine();
            return promise.carried_by->transfer_to(promise.after.get());
        }
        void await_resume() const noexcept {}
    };

    std::exception_ptr error_;
};

template <class T>
class task_promise final : public task_promise_base {
    using stored = std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<T>>;

  public:
    coro::task<T> get_return_object(std::source_location where = std::source_location::current()) noexcept;
    template <class U>
        requires std::convertible_to<U&&, T>
    void return_value(U&& value) {
        if constexpr (std::is_reference_v<T>)
            value_ = std::addressof(static_cast<T>(value));
        else
            value_.emplace(std::forward<U>(value));
    }
    T take() {
        rethrow_error();
        if constexpr (std::is_reference_v<T>)
            return static_cast<T>(*value_);
        else
            return std::move(*value_);
    }

  private:
    stored value_{};
};

template <>
class task_promise<void> final : public task_promise_base {
  public:
    coro::task<void> get_return_object(std::source_location where = std::source_location::current()) noexcept;
    void return_void() const noexcept {}
    void take() { rethrow_error(); }
};

}  // namespace green::detail

namespace green::coro {

// A coroutine that returns T. Calling the function only makes it; it runs when it is awaited, as a part of whoever
// awaits it: the same cancel scopes, the same local values, the same fate.
//
//     green::coro::task<int> answer() {
//         co_await green::coro::sleep(1s);
//         co_return 42;
//     }
//     green::coro::task<void> ask() { std::printf("%d\n", co_await answer()); }
//
// To be awaited once, or given to spawn(), a task group or block_on(); a second time aborts. One that never was is
// destroyed without having run. What it throws is thrown at the co_await. Awaiting costs one frame on the heap and no
// stack, however often and however deep.
//
// GCC 12 (g++ 12.2, at any -O, without a warning; clang does not) miscompiles a co_await in the condition of an `if`,
// `while`, `for` or `switch` of a function in whose body nothing at all is declared: none of it is run, and whoever
// awaits it waits forever. Lambdas are spared. Name the awaited value first, or in the condition:
//
//     const bool is_ready = co_await ready();
//     if (is_ready) co_return 1;
//     while (auto line = co_await lines.next()) use(*line);
//
// In other conditions than an `if`'s, and in a `co_return`, what stands behind `&&`, `||` or `?` is awaited in any
// case, in lambdas too; and in `co_await (often ? one() : other())` the frame is freed twice. Name these first as well.
template <class T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::task_promise<T>;
    using green_task = T;

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~task() {
        if (frame_) frame_.destroy();
    }

    auto operator co_await() && noexcept { return awaiter{unused_frame()}; }

    // For the rooms of the runtime.
    std::coroutine_handle<promise_type> release() noexcept {
        unused_frame();
        return std::exchange(frame_, nullptr);
    }
    // What it is called in messages, in place of the coroutine's own name. Of static storage.
    void set_origin(const char* origin) noexcept { frame_.promise().after = detail::successor(origin); }

  private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> unused_frame() const noexcept {
        detail::check(frame_ && !frame_.promise().carried_by, "a task that was awaited, spawned or moved from already");
        return frame_;
    }

    struct [[nodiscard]] awaiter {
        bool await_ready() const noexcept { return false; }
        template <detail::carried_promise Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
            frame.promise().carried_by = caller.promise().carried_by;
            frame.promise().after.set(caller);
            return caller.promise().carried_by->transfer_to(frame);
        }
        T await_resume() const { return frame.promise().take(); }
        std::coroutine_handle<promise_type> frame;
    };

    std::coroutine_handle<promise_type> frame_;
};

}  // namespace green::coro

namespace green::detail {

template <class T>
coro::task<T> task_promise<T>::get_return_object(std::source_location where) noexcept {
    after = successor(where.function_name());
    return coro::task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline coro::task<void> task_promise<void>::get_return_object(std::source_location where) noexcept {
    after = successor(where.function_name());
    return coro::task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

}  // namespace green::detail

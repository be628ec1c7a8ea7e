// SPDX-License-Identifier: BSL-1.0
// Fibers and tasks that end before the code that started them goes on.
#pragma once

#include <green/base/function.h>
#include <green/base/intrusive_list.h>
#include <green/coro/spawn.h>
#include <green/coro/task.h>
#include <green/fiber/fiber.h>
#include <green/fiber/spawn.h>
#include <green/sync/cancel_scope.h>
#include <green/sync/exception_group.h>
#include <green/sync/watch.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace green {

class task_group;
namespace coro {
template <class Body>
auto with_task_group(Body body) -> std::invoke_result_t<Body&, task_group&>;
}

// What with_task_group() gives to its body. Used on the thread of the fiber or task that called it, by that one and by
// the group's children, which may be fibers and tasks. No member parks.
class task_group {
  public:
    // Starts a child that is a task (see coro::spawn).
    template <class T>
    auto spawn(coro::task<T> body) {
        return spawn(coro::task_options{}, std::move(body));
    }
    template <class T>
    auto spawn(const coro::task_options& options, coro::task<T> body) {
        auto record = new_child();
        auto handle = detail::spawn_task_here(options, std::move(body), &scope_.scope_);
        adopt(std::move(record), handle);
        return handle;
    }
    template <class F, class... Args>
        requires detail::makes_task<F, Args...>
    auto spawn(F&& f, Args&&... args) {
        return spawn(detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
    }

    // Starts a child that is a fiber (see green::spawn). It runs inside the group's scope: what cancels the group, or
    // cuts its caller short, ends the child's waits too. An error of a child cancels the others.
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto spawn(F&& f, Args&&... args) {
        return spawn_bound(fiber_options{}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
        requires detail::makes_fiber<F, Args...>
    auto spawn(const fiber_options& options, F&& f, Args&&... args) {
        return spawn_bound(options, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    }

    // Starts a child on another hub (see green::spawn_on). A scope does not reach over to another thread: when the
    // group is cancelled, such a child is killed. What it throws reaches the group all the same.
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto spawn_on(hub& target, F&& f, Args&&... args) {
        return spawn_remotely([&] { return green::spawn_on(target, std::forward<F>(f), std::forward<Args>(args)...); });
    }
    template <class F, class... Args>
        requires detail::makes_fiber<F, Args...>
    auto spawn_on(hub& target, const fiber_options& options, F&& f, Args&&... args) {
        return spawn_remotely(
            [&] { return green::spawn_on(target, options, std::forward<F>(f), std::forward<Args>(args)...); });
    }
    // The same for a child that is a task.
    template <class T>
    auto spawn_on(hub& target, coro::task<T> body) {
        return spawn_remotely([&] { return coro::spawn_on(target, std::move(body)); });
    }
    template <class T>
    auto spawn_on(hub& target, const coro::task_options& options, coro::task<T> body) {
        return spawn_remotely([&] { return coro::spawn_on(target, options, std::move(body)); });
    }
    template <class F, class... Args>
        requires detail::makes_task<F, Args...>
    auto spawn_on(hub& target, F&& f, Args&&... args) {
        return spawn_remotely([&] { return coro::spawn_on(target, std::forward<F>(f), std::forward<Args>(args)...); });
    }

    // Ends the waits of the body and of all children, now and until with_task_group() returns.
    void cancel() noexcept { scope_.cancel(); }
    bool is_cancelled() const noexcept { return scope_.is_cancelled(); }
    // Children that have not ended.
    std::size_t size() const noexcept { return running_count_; }

  private:
    template <class Body>
    friend auto with_task_group(Body&& body) -> std::invoke_result_t<Body, task_group&>;
    template <class Body>
    friend auto coro::with_task_group(Body body) -> std::invoke_result_t<Body&, task_group&>;

    struct child;
    struct child_deleter {
        void operator()(child* c) const noexcept;
    };
    using child_record = std::unique_ptr<child, child_deleter>;

    // Learns that the scope was cancelled, as one more waiter parked in it; there are children on other hubs.
    struct cancel_listener final : detail::watch {
        explicit cancel_listener(task_group& g) : watch(g.home_), group(g) {}
        void on_ready() noexcept override;
        task_group& group;
        bool armed = false;
        bool has_run = false;
        bool is_under_way() const noexcept {
            return armed && result() == detail::outcome::cancelled && !has_run;
        }
    };

    struct all_ended_operation {
        bool enqueue(detail::wait_node& node) noexcept;
        void withdraw(detail::wait_node& node) noexcept { detail::wait_queue::remove(node); }
        detail::wait_reason reason() const noexcept { return {"with_task_group", &group, &describe}; }
        static void describe(std::string& out, const void* object);
        task_group& group;
    };

    // Throws std::logic_error where nothing may park, before the body has started children that nobody could wait for.
    static void refuse_in_callback();
    task_group();
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    template <class Callable>
    auto spawn_bound(const fiber_options& options, Callable callable) {
        auto record = new_child();
        auto handle = detail::spawn_here(options, {.inside = &scope_.scope_}, std::move(callable));
        adopt(std::move(record), handle);
        return handle;
    }
    child_record new_child();
    void adopt(child_record record, const agent_handle& f);
    void adopt_remote(child_record record, const agent_handle& f);
    template <class Start>
    auto spawn_remotely(Start start) {
        auto record = new_child();
        auto handle = start();
        adopt_remote(std::move(record), handle);
        return handle;
    }
    void on_child_ended(child& ended) noexcept;
    void on_progress() noexcept;
    // Waits for the children and throws what is to be thrown. `body_end`: what the body threw, or null.
    void finish(std::exception_ptr body_end);
    coro::task<void> finish_task(std::exception_ptr body_end);
    void conclude();
    void note(std::exception_ptr e);
    bool all_ended() const noexcept { return running_count_ == 0 && !listener_.is_under_way(); }

    hub& home_;
    cancel_scope scope_;
    std::size_t running_count_ = 0;
    detail::intrusive_list<child> remote_;
    cancel_listener listener_{*this};
    detail::wait_queue joiner_;
    std::vector<std::exception_ptr> errors_;
    std::exception_ptr interruption_;  // a kill, or a cancellation from outside
};

// Calls body(group), waits until all children that it started have ended, and returns what body returned.
//
//     green::with_task_group([&](green::task_group& group) {
//         for (const auto& url : urls) group.spawn([&] { fetch(url); });
//     });                                             // here all have ended
//
// The first error, of the body or of a child, cancels the rest. One error is rethrown as it is, several arrive as
// an exception_group; they count as taken from their fibers. A cancellation or kill from outside cancels the
// children, is waited out, and goes on afterwards; with errors at hand the errors are thrown and it strikes at the
// next wait. Parks, until the children have ended, come what may. Throws std::system_error (operation_canceled)
// when the body has no result because it was unwound by group.cancel().
template <class Body>
auto with_task_group(Body&& body) -> std::invoke_result_t<Body, task_group&> {
    using result = detail::function_result<Body, task_group&>;
    if constexpr (std::is_void_v<result>) {
        task_group::refuse_in_callback();
        task_group group;
        std::exception_ptr end;
        try {
            std::invoke(std::forward<Body>(body), group);
        } catch (...) {
            end = std::current_exception();
        }
        group.finish(std::move(end));
    } else {
        std::optional<detail::stored_result<result>> value;
        with_task_group([&](task_group& group) { value.emplace(std::invoke(std::forward<Body>(body), group)); });
        if (!value)
            throw std::system_error(std::make_error_code(std::errc::operation_canceled),
                                    "green: the body of a task group was cancelled");
        return static_cast<result>(std::move(*value));
    }
}

// The same as co_await: body(group) makes a task.
//
//     co_await green::coro::with_task_group([&](green::task_group& group) -> green::coro::task<void> {
//         for (const auto& url : urls) group.spawn(fetch(url));
//         co_return;
//     });
namespace coro {

template <class Body>
auto with_task_group(Body body) -> std::invoke_result_t<Body&, task_group&> {
    using result = typename std::invoke_result_t<Body&, task_group&>::green_task;
    if constexpr (std::is_void_v<result>) {
        task_group group;
        std::exception_ptr end;
        try {
            co_await std::invoke(body, group);
        } catch (...) {
            end = std::current_exception();
        }
        co_await group.finish_task(std::move(end));
    } else {
        std::optional<detail::stored_result<result>> value;
        auto keep = [&](task_group& group) -> task<void> { value.emplace(co_await std::invoke(body, group)); };
        co_await with_task_group(keep);
        if (!value)
            throw std::system_error(std::make_error_code(std::errc::operation_canceled),
                                    "green: the body of a task group was cancelled");
        co_return static_cast<result>(std::move(*value));
    }
}

}  // namespace coro

}  // namespace green

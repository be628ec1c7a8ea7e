// SPDX-License-Identifier: BSL-1.0
// Starting tasks, twin of fiber/spawn.h.
#pragma once

#include <green/coro/join_handle.h>
#include <green/coro/task.h>

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace green::coro {

// What may be said about a task when it is spawned.
struct task_options {
    std::string name{};  // empty: "task-N"
};

}  // namespace green::coro

namespace green::detail {

// A task that owns the callable it comes from: a lambda's captures must outlive the coroutine it is.
template <class F, class... Args>
auto owning_task(F f, Args... args) -> std::remove_cvref_t<std::invoke_result_t<F&, Args...>> {
    co_return co_await std::invoke(f, std::move(args)...);
}

template <class F, class... Args>
concept makes_task = std::invocable<std::decay_t<F>&, std::decay_t<Args>...> &&
                     a_task<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;

// The block of a new task, named and with what it inherits; its first handle takes over a reference.
template <class T>
spawned_task<T>& make_spawned(hub& home, const coro::task_options& options, coro::task<T> body) {
    auto extras = extras_for(options.name);
    auto* block = new spawned_task<T>(home, body.release());
    block->provide(std::move(extras));
    return *block;
}

// Starts it on the calling thread's hub, inside `inside`.
template <class T>
coro::join_handle<T> spawn_task_here(const coro::task_options& options, coro::task<T> body, scope* inside) {
    auto& block = make_spawned(running_agent().home(), options, std::move(body));
    block.move_into(inside);
    block.start();
    return coro::join_handle<T>(block);
}

// The same, not before `when`.
template <class T>
coro::join_handle<T> spawn_task_at(time_point when, const coro::task_options& options, coro::task<T> body) {
    auto& block = make_spawned(running_agent().home(), options, std::move(body));
    try {
        block.start_at(when);
    } catch (...) {
        block.discard_unstarted();
        throw;
    }
    return coro::join_handle<T>(block);
}

// Starts it on another thread's hub.
template <class T>
coro::join_handle<T> spawn_task_there(hub& target, const coro::task_options& options, coro::task<T> body) {
    auto& block = make_spawned(target, options, std::move(body));
    coro::join_handle<T> handle(block);
    block.start_remotely();
    return handle;
}

// The task of a callable that is kept alive.
template <class F, class... Args>
auto task_of(F&& f, Args&&... args) {
    auto made = owning_task<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(f), std::forward<Args>(args)...);
    made.set_origin(typeid(std::decay_t<F>).name());
    return made;
}

}  // namespace green::detail

namespace green::coro {

// Starts a task of its own on the calling thread's hub; it runs when the caller next waits. In order of spawning,
// never inline. A callable that makes a task is kept alive, with its arguments, until the task has ended.
//
//     auto answer = green::coro::spawn(compute(6, 7));
//     auto other = green::coro::spawn([&] { return fetch(url); });
//
// Does not park. From a fiber, a task, or a hub callback.
template <class T>
join_handle<T> spawn(task<T> body) {
    return detail::spawn_task_here(task_options{}, std::move(body), nullptr);
}
template <class T>
join_handle<T> spawn(const task_options& options, task<T> body) {
    return detail::spawn_task_here(options, std::move(body), nullptr);
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn(F&& f, Args&&... args) {
    return spawn(detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn(const task_options& options, F&& f, Args&&... args) {
    return spawn(options, detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}

// The same, not before `d` has passed. A kill before that ends it without running.
template <class T>
join_handle<T> spawn_after(duration d, task<T> body) {
    return spawn_after(d, task_options{}, std::move(body));
}
template <class T>
join_handle<T> spawn_after(duration d, const task_options& options, task<T> body) {
    return detail::spawn_task_at(hub::current().deadline_after(d), options, std::move(body));
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn_after(duration d, F&& f, Args&&... args) {
    return spawn_after(d, task_options{}, std::forward<F>(f), std::forward<Args>(args)...);
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn_after(duration d, const task_options& options, F&& f, Args&&... args) {
    return spawn_after(d, options, detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}

// The same on another thread's hub, from any thread: what the task refers to is touched by that thread. When that has
// ended, or ends before it gets to the task, the task ends with std::system_error (no_such_process) without having run.
template <class T>
join_handle<T> spawn_on(hub& target, task<T> body) {
    return detail::spawn_task_there(target, task_options{}, std::move(body));
}
template <class T>
join_handle<T> spawn_on(hub& target, const task_options& options, task<T> body) {
    return detail::spawn_task_there(target, options, std::move(body));
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn_on(hub& target, F&& f, Args&&... args) {
    return spawn_on(target, detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn_on(hub& target, const task_options& options, F&& f, Args&&... args) {
    return spawn_on(target, options, detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace green::coro

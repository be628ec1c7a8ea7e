// SPDX-License-Identifier: BSL-1.0
// What a pool does with a function and many items, whichever model calls the function: the inside of map() and imap().
#pragma once

#include <green/coro/join_handle.h>
#include <green/coro/spawn.h>
#include <green/coro/task.h>
#include <green/fiber/spawn.h>
#include <green/hub/uninterrupted.h>
#include <green/sync/group.h>
#include <green/sync/semaphore.h>
#include <green/sync/wait.h>

#include <exception>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace green::detail {

// f(item) is called on a fiber ...
template <class F, class Item>
struct calls_on_fibers {
    using result = std::invoke_result_t<F&, Item>;
    using handle = fiber<result>;
    template <class Callable>
    static handle start(Callable call) {
        return spawn_here(fiber_options{}, {}, std::move(call));
    }
};
// ... or makes a task.
template <class F, class Item>
struct calls_by_tasks {
    using result = typename std::invoke_result_t<F&, Item>::green_task;
    using handle = coro::join_handle<result>;
    template <class Callable>
    static handle start(Callable call) {
        return spawn_task_here(coro::task_options{}, task_of(std::move(call)), nullptr);
    }
};

template <class Calls, class F, class Item>
typename Calls::handle start_call(F& f, Item item) {
    return Calls::start([&f, item = std::move(item)]() mutable -> std::invoke_result_t<F&, Item> {
        return std::invoke(f, std::move(item));
    });
}

template <class Result>
using mapped = std::conditional_t<std::is_void_v<Result>, void, std::vector<Result>>;

// Of one map(). Its calls refer to `f`, so it ends after them, come what may.
template <class Calls, class Item, class Range, class F>
auto map_items(members& pool, Range& items, F& f) -> coro::task<mapped<typename Calls::result>> {
    std::vector<typename Calls::handle> started;
    group own;  // empty once the calls have ended and the pool knows it
    std::exception_ptr failure;
    try {
        for (auto&& each : items) {
            co_await coro::acquire(*pool.slots);
            started.push_back(pool.start_in_slot(
                [&] { return start_call<Calls>(f, Item(std::forward<decltype(each)>(each))); }));
            own.add(started.back());
        }
        for (const auto& each : started) {
            co_await coro::wait(each);
            static_cast<void>(each.ended_result());  // throws what it threw
        }
        co_await coro::join(own);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        const uninterrupted until_then;
        co_await coro::killall(started);
        co_await coro::join(own);
        std::rethrow_exception(failure);
    }
    if constexpr (!std::is_void_v<typename Calls::result>) {
        std::vector<typename Calls::result> results;
        results.reserve(started.size());
        for (auto& each : started) results.push_back(static_cast<typename Calls::result&&>(each.ended_result()));
        co_return results;
    }
}

}  // namespace green::detail

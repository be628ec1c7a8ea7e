// SPDX-License-Identifier: BSL-1.0
// A group of at most so many fibers and tasks at a time.
#pragma once

#include <green/bridge/block_on.h>
#include <green/coro/spawn.h>
#include <green/coro/task.h>
#include <green/sync/group.h>
#include <green/sync/imap.h>
#include <green/sync/pool_calls.h>
#include <green/sync/semaphore.h>

#include <cstddef>
#include <ranges>
#include <type_traits>
#include <utility>

namespace green {

// A group that is full at `capacity` members: then spawn() waits. With capacity 0 it always is.
//
//     green::pool downloads(8);
//     std::vector<page> pages = downloads.map(urls, fetch);             // in the order of urls
//     for (page& p : downloads.imap_unordered(urls, fetch)) show(p);    // each as soon as it is there
//
class pool : private group {
  public:
    // Throws std::system_error (invalid_argument) for a capacity that no counter of permits holds: PTRDIFF_MAX at most.
    explicit pool(std::size_t capacity)
        : group(detail::slots_of_pool(capacity)), capacity_(capacity) {}

    using group::empty;
    using group::get_members;
    using group::join;
    using group::join_for;
    using group::kill;
    using group::kill_soon;
    using group::size;

    // Starts a fiber, parking while the pool is full; those who wait are served in order. Throws cancellation; then
    // nothing was started.
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto spawn(F&& f, Args&&... args) {
        return spawn(fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    auto spawn(const fiber_options& options, F&& f, Args&&... args) {
        auto callable = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
        members_->slots->acquire();
        return members_->start_in_slot([&] { return detail::spawn_here(options, {}, std::move(callable)); });
    }
    // The same for a task; in a task it is co_await coro::spawn(pool, body).
    template <class T>
    coro::join_handle<T> spawn(coro::task<T> body) {
        members_->slots->acquire();
        return members_->start_in_slot(
            [&] { return detail::spawn_task_here(coro::task_options{}, std::move(body), nullptr); });
    }
    template <class F, class... Args>
        requires detail::makes_task<F, Args...>
    auto spawn(F&& f, Args&&... args) {
        return spawn(detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // Starts one when there is room at once, else gives an empty handle. Does not park.
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto try_spawn(F&& f, Args&&... args) {
        return try_spawn(fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    auto try_spawn(const fiber_options& options, F&& f, Args&&... args) {
        return try_start([&] {
            return detail::spawn_here(options, {}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
        });
    }
    template <class T>
    coro::join_handle<T> try_spawn(coro::task<T> body) {
        return try_start([&] { return detail::spawn_task_here(coro::task_options{}, std::move(body), nullptr); });
    }
    template <class F, class... Args>
        requires detail::makes_task<F, Args...>
    auto try_spawn(F&& f, Args&&... args) {
        return try_spawn(detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // Takes in a fiber or task that runs already, parking while the pool is full.
    void add(const agent_handle& a) {
        auto place = members_->make_place(a.checked_agent().home());
        members_->slots->acquire();
        members_->add(std::move(place), a);
    }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t free_count() const noexcept { return static_cast<std::size_t>(members_->slots->available()); }
    bool full() const noexcept { return free_count() == 0; }

    // Calls f(item) for every item, each on a fiber of the pool; the results in the order of the items. Parks until
    // all have ended. When one fails, the others are killed and what it threw is thrown; of several, that of the
    // first item. So it is when map() is cancelled.
    template <std::ranges::input_range Range, class F>
    auto map(Range&& items, F f) {
        using item = std::ranges::range_value_t<Range>;
        detail::running_stackful("pool::map");
        return block_on(detail::map_items<detail::calls_on_fibers<F, item>, item>(*members_, items, f));
    }

    // The results one by one, in the order of the items, or as they come: an input range whose iterators park. At
    // most `look_ahead` items are under way or finished and not yet taken (0: as many as the pool holds). An item's
    // error is thrown when its turn comes; the loop may be taken up again after it. Leaving the loop early kills
    // what is under way, without waiting. `items` is kept, by reference when it is an lvalue.
    template <std::ranges::viewable_range Range, class F>
    auto imap(Range&& items, F f, std::size_t look_ahead = 0) {
        return make_imap<detail::imap_order::of_items>(std::forward<Range>(items), std::move(f), look_ahead);
    }
    template <std::ranges::viewable_range Range, class F>
    auto imap_unordered(Range&& items, F f, std::size_t look_ahead = 0) {
        return make_imap<detail::imap_order::of_completion>(std::forward<Range>(items), std::move(f), look_ahead);
    }

  private:
    template <class Start>
    auto try_start(Start start) {
        return members_->slots->try_acquire() ? members_->start_in_slot(std::move(start)) : decltype(start())();
    }
    template <detail::imap_order Order, class Range, class F>
    auto make_imap(Range&& items, F f, std::size_t look_ahead) {
        return detail::imap_range<std::views::all_t<Range>, F, Order>(
            members_, std::views::all(std::forward<Range>(items)), std::move(f),
            detail::look_ahead_of(look_ahead, capacity_));
    }

    std::size_t capacity_;
};

// The same as co_await.
//
//     std::vector<page> pages = co_await green::coro::map(downloads, urls, fetch);      // fetch(url) makes a task
//     auto results = green::coro::imap_unordered(downloads, urls, fetch);
//     while (auto page = co_await results.next()) show(*page);
//
namespace coro {

// Starts a task in the pool, waiting while that is full; gives its handle. Throws cancellation; then nothing was
// started.
template <class T>
task<join_handle<T>> spawn(pool& in, task_options options, task<T> body) {
    co_await acquire(*in.get_members()->slots);
    co_return in.get_members()->start_in_slot(
        [&] { return detail::spawn_task_here(options, std::move(body), nullptr); });
}
template <class T>
task<join_handle<T>> spawn(pool& in, task<T> body) {
    return spawn(in, task_options{}, std::move(body));
}
template <class F, class... Args>
    requires detail::makes_task<F, Args...>
auto spawn(pool& in, F&& f, Args&&... args) {
    return spawn(in, detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
}
// Takes in a fiber or task that runs already, waiting while the pool is full.
inline task<void> add(pool& to, agent_handle a) {
    auto place = to.get_members()->make_place(a.checked_agent().home());
    co_await acquire(*to.get_members()->slots);
    to.get_members()->add(std::move(place), a);
}

// f(item) makes a task for every item. `items` and the pool must outlive the wait.
template <std::ranges::input_range Range, class F>
    requires detail::makes_task<F&, std::ranges::range_value_t<Range>>
auto map(pool& by, Range&& items, F f)
    -> task<detail::mapped<typename detail::calls_by_tasks<F, std::ranges::range_value_t<Range>>::result>> {
    using item = std::ranges::range_value_t<Range>;
    co_return co_await detail::map_items<detail::calls_by_tasks<F, item>, item>(*by.get_members(), items, f);
}
// What they give has a next() to be awaited, as an async_generator has; asking again after an error goes on with the
// next item. Letting it go early kills what is under way, without waiting. Going through `items` must not park.
template <std::ranges::viewable_range Range, class F>
    requires detail::makes_task<F&, std::ranges::range_value_t<Range>>
auto imap(pool& by, Range&& items, F f, std::size_t look_ahead = 0) {
    return detail::imap_results<std::views::all_t<Range>, F, detail::imap_order::of_items>(
        by.get_members(), std::views::all(std::forward<Range>(items)), std::move(f), detail::look_ahead_of(look_ahead, by.capacity()));
}
template <std::ranges::viewable_range Range, class F>
    requires detail::makes_task<F&, std::ranges::range_value_t<Range>>
auto imap_unordered(pool& by, Range&& items, F f, std::size_t look_ahead = 0) {
    return detail::imap_results<std::views::all_t<Range>, F, detail::imap_order::of_completion>(
        by.get_members(), std::views::all(std::forward<Range>(items)), std::move(f), detail::look_ahead_of(look_ahead, by.capacity()));
}

}  // namespace coro

}  // namespace green

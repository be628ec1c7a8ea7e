// SPDX-License-Identifier: BSL-1.0
// A group of at most so many fibers at a time.
#pragma once

#include <green/hub/uninterrupted.h>
#include <green/sync/group.h>
#include <green/sync/imap.h>
#include <green/sync/semaphore.h>
#include <green/sync/wait.h>

#include <cstddef>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace green {

// A group that is full at `capacity` fibers: then spawn() waits. With capacity 0 it always is.
//
//     green::pool downloads(8);
//     std::vector<page> pages = downloads.map(urls, fetch);             // in the order of urls
//     for (page& p : downloads.imap_unordered(urls, fetch)) show(p);    // each as soon as it is there
//
class pool : private group {
  public:
    explicit pool(std::size_t capacity)
        : group(std::make_shared<semaphore>(static_cast<std::ptrdiff_t>(capacity))), capacity_(capacity) {}

    using group::empty;
    using group::join;
    using group::join_for;
    using group::kill;
    using group::kill_soon;
    using group::size;

    // Starts a fiber, parking while the pool is full; those who wait are served in order. Throws cancellation; then
    // nothing was started.
    template <class F, class... Args>
        requires detail::makes_fiber<F, Args...>
    auto spawn(F&& f, Args&&... args) {
        return spawn(fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    auto spawn(const fiber_options& options, F&& f, Args&&... args) {
        return detail::spawn_into(*members_, options, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // The same when there is room at once, else an empty handle. Does not park.
    template <class F, class... Args>
        requires detail::makes_fiber<F, Args...>
    auto try_spawn(F&& f, Args&&... args) {
        return try_spawn(fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    auto try_spawn(const fiber_options& options, F&& f, Args&&... args) {
        auto callable = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
        using handle = decltype(detail::spawn_into_taken(*members_, options, callable));
        return members_->slots->try_acquire() ? detail::spawn_into_taken(*members_, options, callable) : handle();
    }
    // Takes in a fiber that runs already, parking while the pool is full.
    void add(const fiber_handle& f) {
        auto place = members_->make_place(f.checked_agent().home());
        members_->slots->acquire();
        members_->add(std::move(place), f);
    }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t free_count() const noexcept { return static_cast<std::size_t>(members_->slots->available()); }
    bool full() const noexcept { return free_count() == 0; }

    // Calls f(item) for every item, each on a fiber of the pool; the results in the order of the items. Parks until
    // all have ended. When one fails, the others are killed and what it threw is thrown; of several, that of the
    // first item. So it is when map() is cancelled.
    template <std::ranges::input_range Range, class F>
    auto map(Range&& items, F f);

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
    template <detail::imap_order Order, class Range, class F>
    auto make_imap(Range&& items, F f, std::size_t look_ahead) {
        if (look_ahead == 0) look_ahead = capacity_ ? capacity_ : 1;
        return detail::imap_range<std::views::all_t<Range>, F, Order>(
            members_, std::views::all(std::forward<Range>(items)), std::move(f), look_ahead);
    }

    std::size_t capacity_;
};

template <std::ranges::input_range Range, class F>
auto pool::map(Range&& items, F f) {
    using item = std::ranges::range_value_t<Range>;
    using result = std::invoke_result_t<F&, item>;
    std::vector<fiber<result>> tasks;
    group own;  // empty once the tasks have ended and the pool knows it
    try {
        for (auto&& each : items) {
            tasks.push_back(spawn([&f, each = item(std::forward<decltype(each)>(each))]() mutable -> result {
                return std::invoke(f, std::move(each));
            }));
            own.add(tasks.back());
        }
        for (auto& task : tasks) task.get();
        own.join();
    } catch (...) {  // the tasks refer to f
        const detail::uninterrupted until_then;
        killall(tasks);
        own.join();
        throw;
    }
    if constexpr (!std::is_void_v<result>) {
        std::vector<result> results;
        results.reserve(tasks.size());
        for (auto& task : tasks) results.push_back(std::move(task).get());
        return results;
    }
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Waiting for any or all of several things: fibers, events, futures, semaphores.
#pragma once

#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/coro/task.h>
#include <green/fiber/fiber.h>
#include <green/hub/join.h>
#include <green/fiber/park.h>
#include <green/sync/alternatives.h>
#include <green/sync/cancel_scope.h>
#include <green/sync/completions.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace green {

inline detail::join_operation ready_operation(const agent_handle& f) noexcept {
    return {f.checked_agent()};
}

// Something that is ready at some time: a fiber or task that has ended, an event that is set, a future with a value or
// error, a semaphore with a permit. Waiting for it takes nothing from it.
template <class T>
concept waitable = detail::operation<decltype(ready_operation(std::declval<std::remove_reference_t<T>&>()))>;
template <class R>
concept waitable_range = std::ranges::forward_range<R> && waitable<std::ranges::range_reference_t<R>>;
template <class R>
concept agent_range =
    std::ranges::forward_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, const agent_handle&>;

namespace detail {

template <class T>
using ready_operation_of = decltype(ready_operation(std::declval<std::remove_reference_t<T>&>()));

template <class T>
struct candidate final : alternative_for<ready_operation_of<T>> {
    candidate(std::remove_reference_t<T>& thing) : alternative_for<ready_operation_of<T>>(ready_operation(thing)) {}
};

inline any_of_operation any_of(std::vector<alternative*>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i]->index = i;
    return {all, false, "wait_any"};
}
inline std::optional<std::size_t> position_of(std::size_t had) {
    return had == any_of_operation::none ? std::nullopt : std::optional(had);
}

}  // namespace detail

// Parks until one of the things in `range` is ready and returns its position; of several, any. Empty when
// `deadline` passed first. Leaves nothing behind in any of them. Throws cancellation. With an empty range it waits
// for the deadline alone.
template <waitable_range Range>
std::optional<std::size_t> wait_any_until(time_point deadline, Range&& range) {
    std::deque<detail::candidate<std::ranges::range_reference_t<Range>>> candidates;
    std::vector<detail::alternative*> all;
    for (auto&& each : range) all.push_back(&candidates.emplace_back(each));
    return detail::position_of(detail::wait_for_any(detail::any_of(all), deadline));
}
// The same for things of different types.
template <waitable... Things>
std::optional<std::size_t> wait_any_until(time_point deadline, Things&... things) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        std::tuple<detail::candidate<Things>...> candidates(things...);
        std::vector<detail::alternative*> all{&std::get<I>(candidates)...};
        return detail::position_of(detail::wait_for_any(detail::any_of(all), deadline));
    }(std::index_sequence_for<Things...>());
}

// The same within `d`.
template <class... Things>
std::optional<std::size_t> wait_any_for(duration d, Things&&... things) {
    return green::wait_any_until(hub::current().deadline_after(d), things...);
}
// The same without a deadline: the position of one that is ready.
//
//     switch (green::wait_any(reader, stop)) { ... }       // fiber<void> reader; event stop
template <class... Things>
std::size_t wait_any(Things&&... things) {
    return *green::wait_any_until(never, things...);
}

// Parks until all things in `range` have been ready; false when `deadline` passed first. Throws cancellation.
template <waitable_range Range>
bool wait_all_until(time_point deadline, Range&& range) {
    for (auto&& each : range)
        if (detail::wait_for(ready_operation(each), deadline) != detail::outcome::ready) return false;
    return true;
}
template <waitable... Things>
bool wait_all_until(time_point deadline, Things&... things) {
    return ((detail::wait_for(ready_operation(things), deadline) == detail::outcome::ready) && ...);
}
template <class... Things>
bool wait_all_for(duration d, Things&&... things) {
    return green::wait_all_until(hub::current().deadline_after(d), things...);
}
template <class... Things>
void wait_all(Things&&... things) {
    green::wait_all_until(never, things...);
}

// The things of a range in the order in which they become ready; ends after the last, or at its deadline. Breaking
// out of the loop leaves nothing behind.
//
//     for (auto& page : green::iwait(pages)) show(page.get());      // std::vector<green::fiber<page>> pages
//
// The range must outlive it. Its iterators park. Used by the fiber that made it.
template <waitable_range Range>
class iwait {
    using reference = std::ranges::range_reference_t<Range>;

  public:
    explicit iwait(Range& range, time_point deadline = never) : deadline_(deadline) {
        for (auto at = std::ranges::begin(range); at != std::ranges::end(range); ++at) {
            positions_.push_back(at);
            completions_.add(ready_operation(*at));
        }
    }

    class iterator {
      public:
        using value_type = std::ranges::range_value_t<Range>;
        using difference_type = std::ptrdiff_t;
        explicit iterator(iwait& from) : from_(&from) { ++*this; }
        reference operator*() const { return *from_->positions_[number_]; }
        iterator& operator++() {
            more_ = from_->completions_.next(number_, from_->deadline_);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return !at.more_; }

      private:
        iwait* from_;
        std::size_t number_ = 0;
        bool more_ = false;
    };
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    time_point deadline_;
    std::vector<std::ranges::iterator_t<Range>> positions_;
    detail::completions<detail::ready_operation_of<reference>> completions_;
};
template <class Range>
iwait(Range&) -> iwait<Range>;
template <class Range>
iwait(Range&, time_point) -> iwait<Range>;

namespace detail {
// Of those that have failed, the one that did so first.
template <agent_range Range>
agent_handle first_to_fail(Range&& all) {
    agent_handle first;
    for (const agent_handle& each : all) {
        if (!each.ended() || each.succeeded()) continue;
        if (first.valid() && static_cast<std::int32_t>(each.get_agent()->failed_as - first.get_agent()->failed_as) > 0)
            continue;
        first = each;
    }
    return first;
}
}  // namespace detail

// Parks until all fibers and tasks have ended. With `raise_error`, throws what the earliest in time to fail has thrown, as
// soon as it has; the others run on. Throws cancellation.
template <agent_range Range>
void joinall(Range&& all, bool raise_error = false) {
    if (!raise_error) {
        for (const agent_handle& each : all) detail::wait_for(detail::end_of(each.checked_agent()));
        return;
    }
    for (const agent_handle& each : iwait(all))
        if (!each.succeeded()) std::rethrow_exception(detail::first_to_fail(all).error());
}

namespace detail {
// Only an agent's own thread knows.
inline bool known_unstarted(const agent_handle& a) noexcept {
    return &a.checked_agent().home() == hub::current_or_null() && a.state() == fiber_state::unstarted;
}
// Asks all but the caller to end, first of all those that have not started and now never will. Whether the caller is
// among them. Does not park.
template <agent_range Range>
bool kill_others_soon(Range&& all, const std::exception_ptr& reason) {
    const agent& self = running_agent();
    bool caller_too = false;
    for (bool unstarted : {true, false})
        for (const agent_handle& each : all) {
            if (each.get_agent() == &self)
                caller_too = true;
            else if (known_unstarted(each) == unstarted)
                each.kill_soon(reason);
        }
    return caller_too;
}
}  // namespace detail

// Kills all fibers and tasks, first of all those that have not started and now never will, and parks until they have
// ended. The caller may be one of them; it is the last. Never throws what they throw.
template <agent_range Range>
void killall(Range&& all, std::exception_ptr reason = nullptr) {
    detail::agent& self = detail::running_agent();
    const bool caller_too = detail::kill_others_soon(all, reason);
    for (const agent_handle& each : all)
        if (each.get_agent() != &self) detail::wait_for(detail::join_operation{each.checked_agent()});
    if (caller_too) self.raise_soon(std::move(reason));
}

// The same as co_await.
namespace coro {

// Waits until a fiber or task has ended, an event is set, a future has a value, a latch is open.
template <waitable Thing>
auto wait(Thing&& thing) {
    return detail::plain_awaiter<detail::ready_operation_of<Thing>>(ready_operation(thing));
}
// Gives false when `deadline` or `d` passed first.
template <waitable Thing>
auto wait_until(Thing&& thing, time_point deadline) {
    return detail::until_awaiter<detail::ready_operation_of<Thing>>(ready_operation(thing), deadline);
}
template <waitable Thing>
auto wait_for(Thing&& thing, duration d) {
    return wait_until(thing, hub::current().deadline_after(d));
}

// As the calls of the same names above. What they are given must outlive the wait.
//
//     const std::size_t first = co_await green::coro::wait_any(pages);        // std::vector<join_handle<page>> pages
template <waitable_range Range>
task<std::optional<std::size_t>> wait_any_until(time_point deadline, Range&& range) {
    std::deque<detail::candidate<std::ranges::range_reference_t<Range>>> candidates;
    std::vector<detail::alternative*> all;
    for (auto&& each : range) all.push_back(&candidates.emplace_back(each));
    co_return detail::position_of(co_await detail::any_of_awaiter(detail::any_of(all), deadline));
}
template <waitable... Things>
task<std::optional<std::size_t>> wait_any_until(time_point deadline, Things&... things) {
    std::tuple<detail::candidate<Things>...> candidates(things...);
    auto all = std::apply([](auto&... each) { return std::vector<detail::alternative*>{&each...}; }, candidates);
    co_return detail::position_of(co_await detail::any_of_awaiter(detail::any_of(all), deadline));
}
template <class... Things>
auto wait_any_for(duration d, Things&&... things) {
    return coro::wait_any_until(hub::current().deadline_after(d), things...);
}
template <class... Things>
task<std::size_t> wait_any(Things&&... things) {
    co_return *co_await coro::wait_any_until(never, things...);
}

template <waitable_range Range>
task<bool> wait_all_until(time_point deadline, Range&& range) {
    for (auto&& each : range) {
        const bool is_ready = co_await coro::wait_until(each, deadline);
        if (!is_ready) co_return false;
    }
    co_return true;
}
template <waitable... Things>
task<bool> wait_all_until(time_point deadline, Things&... things) {
    bool all_ready = true;
    ((all_ready &= co_await coro::wait_until(things, deadline)), ...);
    co_return all_ready;
}
template <class... Things>
auto wait_all_for(duration d, Things&&... things) {
    return coro::wait_all_until(hub::current().deadline_after(d), things...);
}
template <class... Things>
task<void> wait_all(Things&&... things) {
    co_await coro::wait_all_until(never, things...);
}

template <agent_range Range>
task<void> joinall(Range&& all, bool raise_error = false) {
    if (!raise_error) {
        for (const agent_handle& each : all) co_await coro::wait(each);
        co_return;
    }
    detail::completions<detail::join_operation> under_way;
    const std::vector<agent_handle> by_number(std::ranges::begin(all), std::ranges::end(all));
    for (const agent_handle& each : by_number) under_way.add(ready_operation(each));
    while (under_way.remaining() > 0) {
        co_await detail::perform(under_way.next());
        if (!by_number[under_way.take()].succeeded()) std::rethrow_exception(detail::first_to_fail(by_number).error());
    }
}
template <agent_range Range>
task<void> killall(Range&& all, std::exception_ptr reason = nullptr) {
    detail::agent& self = detail::running_agent();
    const bool caller_too = detail::kill_others_soon(all, reason);
    for (const agent_handle& each : all)
        if (each.get_agent() != &self) co_await coro::wait(each);
    if (caller_too) self.raise_soon(std::move(reason));
}

}  // namespace coro

}  // namespace green

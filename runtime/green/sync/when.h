// SPDX-License-Identifier: BSL-1.0
// Several tasks under way at once, awaited together.
#pragma once

#include <green/coro/async_generator.h>
#include <green/coro/task.h>
#include <green/hub/agent.h>
#include <green/hub/cancellation.h>
#include <green/sync/completions.h>
#include <green/sync/task_group.h>
#include <green/sync/wait.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace green::coro {

// What when_all() gives for a task<T>.
template <class T>
using when_result = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace green::coro

namespace green::detail {

// The same where it can be assigned: of a task<T&>, a std::reference_wrapper<T>.
template <class T>
using stored_when_result = stored_result<coro::when_result<T>>;

template <class T>
coro::task<void> store_result(coro::task<T> of, std::optional<stored_when_result<T>>& in) {
    if constexpr (std::is_void_v<T>) {
        co_await std::move(of);
        in.emplace();
    } else {
        in.emplace(co_await std::move(of));
    }
}

}  // namespace green::detail

namespace green::coro {

// Runs all at once and gives their results, in the order in which they stand. The first error cancels the others,
// waits for them, and is thrown (see with_task_group()). To have the errors beside the results, spawn() each one and
// wait for the handles. Of a task<T&> the result is a T&, in a vector a std::reference_wrapper<T>.
//
//     auto [page, picture] = co_await green::coro::when_all(fetch(a), load(b));
template <class... T>
task<std::tuple<when_result<T>...>> when_all(task<T>... each) {
    std::tuple<std::optional<detail::stored_when_result<T>>...> results;
    auto start = [&](task_group& group) -> task<void> {
        std::apply([&](auto&... in) { (group.spawn(detail::store_result(std::move(each), in)), ...); }, results);
        co_return;
    };
    co_await with_task_group(start);
    co_return std::apply(
        [](auto&... in) { return std::tuple<when_result<T>...>(static_cast<when_result<T>&&>(*in)...); }, results);
}
template <class T>
task<std::vector<detail::stored_when_result<T>>> when_all(std::vector<task<T>> all) {
    std::vector<std::optional<detail::stored_when_result<T>>> results(all.size());
    auto start = [&](task_group& group) -> task<void> {
        for (std::size_t i = 0; i < all.size(); ++i) group.spawn(detail::store_result(std::move(all[i]), results[i]));
        co_return;
    };
    co_await with_task_group(start);
    std::vector<detail::stored_when_result<T>> values;
    values.reserve(results.size());
    for (auto& each : results) values.push_back(std::move(*each));
    co_return values;
}

// Which one came first, and its result.
template <class T>
struct first_result {
    std::size_t index;
    when_result<T> value;
};

// Runs all at once until the first has ended, cancels the others and waits for their end. When the first one to end
// failed, throws its error; with those of others that fail on their way out, an exception_group. When it has a result,
// that is given, come what may of the others: what they throw on their way out is reported on standard error, as is
// what a task throws that nobody waits for, and a kill or cancellation from outside strikes at the next wait. Throws
// std::system_error (operation_canceled) when there is none at all.
//
// Rejected: throwing the losers' errors, as a Trio nursery does; the result, which was there first, would be lost.
template <class T>
task<first_result<T>> when_any(std::vector<task<T>> all) {
    std::optional<first_result<T>> first;
    auto start = [&](task_group& group) -> task<void> {
        auto run = [&group, &first](task<T> each, std::size_t index) -> task<void> {
            std::optional<detail::stored_when_result<T>> value;
            try {
                co_await detail::store_result(std::move(each), value);
            } catch (const cancellation&) {
                throw;
            } catch (...) {
                if (!first) throw;
                detail::running_agent().report_untaken(std::current_exception());
                co_return;
            }
            if (!first) first.emplace(first_result<T>{index, static_cast<when_result<T>&&>(*value)});
            group.cancel();
        };
        for (std::size_t i = 0; i < all.size(); ++i) group.spawn(run, std::move(all[i]), i);
        co_return;
    };
    try {
        co_await with_task_group(start);
    } catch (const cancellation&) {
        if (!first) throw;
        detail::running_agent().put_back(std::current_exception());
    }
    if (!first)
        throw std::system_error(std::make_error_code(std::errc::operation_canceled), "green: when_any of no task");
    co_return std::move(*first);
}

// The positions of the things of a range, in the order in which they become ready; ends after the last, or at
// `deadline`. The range, of handles say, must outlive it.
//
//     auto done = green::coro::as_completed(pages);                   // std::vector<join_handle<page>> pages
//     while (auto i = co_await done.next()) show(co_await pages[*i].get());
template <waitable_range Range>
async_generator<std::size_t> as_completed(Range& range, time_point deadline = never) {
    detail::completions<detail::ready_operation_of<std::ranges::range_reference_t<Range>>> under_way;
    for (auto&& each : range) under_way.add(ready_operation(each));
    while (under_way.remaining() > 0) {
        const detail::outcome result = co_await detail::perform(under_way.next(), deadline);
        if (result != detail::outcome::ready) co_return;
        co_yield under_way.take();
    }
}

}  // namespace green::coro

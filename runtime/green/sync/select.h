// SPDX-License-Identifier: BSL-1.0
// Waiting for the first of several sends, receives and other things.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/hub/hub.h>
#include <green/sync/alternatives.h>
#include <green/sync/channel.h>
#include <green/sync/queue.h>
#include <green/sync/wait.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

namespace green {

namespace detail {

// The cases of one select() that are no operations.
struct select_plan {
    time_point deadline = never;
    std::size_t on_deadline = any_of_operation::none;
    std::size_t otherwise = any_of_operation::none;
};

// What the cases below have in common. Each stands in its select() expression and is neither copied nor moved.
struct select_case_base {
    // Where the operation is, for a case that has one.
    static alternative* operation_of(select_plan&, std::size_t) noexcept { return nullptr; }
    // The one with whom it was to exchange has left at that very moment; nothing has happened.
    static bool must_try_again() noexcept { return false; }
};

template <operation Operation, class F>
struct operation_case : alternative_for<Operation>, select_case_base {
    operation_case(Operation op, F then) : alternative_for<Operation>(std::move(op)), f(std::move(then)) {}
    alternative* operation_of(select_plan&, std::size_t) noexcept { return this; }
    F f;
};

template <class Exchange, class F, bool IsChannel>
struct receive_case final : operation_case<typename Exchange::get_operation, F> {
    using operation_case<typename Exchange::get_operation, F>::operation_case;
    bool must_try_again() noexcept { return std::exchange(this->op_.try_again, false); }
    void complete() {
        if constexpr (IsChannel) {
            call_function(this->f, std::move(this->op_.result));
        } else {
            if (!this->op_.result) throw queue_closed();
            call_function(this->f, std::move(*this->op_.result));
        }
    }
};

// Holds the item besides, and so before the operation that refers to it.
template <class T>
struct item_holder {
    T item;
};
template <class Exchange, class T, class F, class Closed>
struct send_case final : private item_holder<T>, operation_case<typename Exchange::put_operation, F> {
    using base = operation_case<typename Exchange::put_operation, F>;
    send_case(Exchange& to, T item, F f)
        : item_holder<T>{std::move(item)}, base({to, item_holder<T>::item}, std::move(f)) {}
    bool must_try_again() noexcept { return std::exchange(this->op_.try_again, false); }
    void complete() {
        if (!this->op_.taken) throw Closed();
        call_function(this->f);
    }
};

template <class Operation, class F>
struct ready_case final : operation_case<Operation, F> {
    using operation_case<Operation, F>::operation_case;
    void complete() { call_function(this->f); }
};

template <class F>
struct timeout_case final : select_case_base {
    timeout_case(time_point when, F then) : deadline(when), f(std::move(then)) {}
    alternative* operation_of(select_plan& plan, std::size_t index) const noexcept {
        if (deadline < plan.deadline || plan.on_deadline == any_of_operation::none)
            plan.deadline = deadline, plan.on_deadline = index;
        return nullptr;
    }
    void complete() { call_function(f); }
    time_point deadline;
    F f;
};

template <class F>
struct otherwise_case final : select_case_base {
    explicit otherwise_case(F then) : f(std::move(then)) {}
    alternative* operation_of(select_plan& plan, std::size_t index) const noexcept {
        plan.otherwise = index;
        return nullptr;
    }
    void complete() { call_function(f); }
    F f;
};

struct do_nothing {
    void operator()() const noexcept {}
};

}  // namespace detail

// Receives from a channel and calls f(std::optional<T>), which is empty when the channel is closed.
template <class T, class F>
auto on_receive(channel<T>& from, F f) {
    using exchange = std::remove_reference_t<decltype(from.get_exchange())>;
    return detail::receive_case<exchange, F, true>({from.get_exchange()}, std::move(f));
}
// Gets from a queue and calls f(T). select() throws queue_closed when that is shut down and empty.
template <class T, class Order, class F>
auto on_receive(queue<T, Order>& from, F f) {
    using exchange = std::remove_reference_t<decltype(from.get_exchange())>;
    return detail::receive_case<exchange, F, false>({from.get_exchange()}, std::move(f));
}
// Sends to a channel, or puts into a queue, and calls f(). select() throws channel_closed or queue_closed.
template <class T, class F = detail::do_nothing>
auto on_send(channel<T>& to, std::type_identity_t<T> item, F f = {}) {
    using exchange = std::remove_reference_t<decltype(to.get_exchange())>;
    return detail::send_case<exchange, T, F, channel_closed>(to.get_exchange(), std::move(item), std::move(f));
}
template <class T, class Order, class F = detail::do_nothing>
auto on_send(queue<T, Order>& to, std::type_identity_t<T> item, F f = {}) {
    using exchange = std::remove_reference_t<decltype(to.get_exchange())>;
    return detail::send_case<exchange, T, F, queue_closed>(to.get_exchange(), std::move(item), std::move(f));
}
// Calls f() once a fiber has ended, an event is set, a future has a value (see wait.h).
template <waitable Thing, class F = detail::do_nothing>
auto on_ready(Thing& thing, F f = {}) {
    return detail::ready_case<detail::ready_operation_of<Thing>, F>(ready_operation(thing), std::move(f));
}
// Calls f() when nothing else has come within `d`.
template <class F = detail::do_nothing>
auto on_timeout(duration d, F f = {}) {
    return detail::timeout_case<F>(hub::current().deadline_after(d), std::move(f));
}
// Calls f() when nothing is ready at once: then select() does not wait.
template <class F = detail::do_nothing>
auto otherwise(F f = {}) {
    return detail::otherwise_case<F>(std::move(f));
}

template <class T>
concept select_case = std::derived_from<std::remove_reference_t<T>, detail::select_case_base>;

namespace detail {

// What one select() does before its wait and after it.
template <class... Cases>
class select_round {
  public:
    explicit select_round(Cases&... cases) : cases_(cases...) {
        std::size_t position = 0;
        auto enter = [&](auto& each) {
            if (alternative* op = each.operation_of(plan_, position)) {
                op->index = position;
                operations_[count_++] = op;
            }
            ++position;
        };
        (enter(cases), ...);
    }

    any_of_operation operation(const char* call) noexcept {
        return {std::span(operations_.data(), count_), has_otherwise(), call};
    }
    time_point deadline() const noexcept { return plan_.deadline; }

    // Completes the case that was had (none: the one for that) and returns its position; empty when the wait has to
    // be repeated.
    std::optional<std::size_t> complete(std::size_t had) {
        if (had == any_of_operation::none) had = has_otherwise() ? plan_.otherwise : plan_.on_deadline;
        return std::apply([had](auto&... cases) -> std::optional<std::size_t> {
            std::size_t position = 0;
            if (((position++ == had && cases.must_try_again()) || ...)) return std::nullopt;
            position = 0;
            ((position++ == had ? cases.complete() : void()), ...);
            return had;
        }, cases_);
    }

  private:
    bool has_otherwise() const noexcept { return plan_.otherwise != any_of_operation::none; }

    std::tuple<Cases&...> cases_;
    select_plan plan_;
    std::array<alternative*, sizeof...(Cases)> operations_{};
    std::size_t count_ = 0;
};

}  // namespace detail

// Parks until one of the cases can go on; does exactly that one, and returns its position after its function has
// returned. Of several that can, one is drawn at random, so none starves.
//
//     green::select(
//         green::on_receive(requests, [&](std::optional<request> r) { serve(r); }),
//         green::on_send(log, "alive", [] {}),
//         green::on_ready(stop, [&] { stopping = true; }),
//         green::on_timeout(1s, [] { std::puts("idle"); }));
//
// Every other case is as if it had never been tried: nothing was taken or sent. So it is when select() is
// cancelled. Throws queue_closed and channel_closed as the cases say, and what their functions throw.
template <select_case... Cases>
std::size_t select(Cases&&... cases) {
    detail::select_round<Cases...> round(cases...);
    for (;;)
        if (const auto done = round.complete(detail::wait_for_any(round.operation("select"), round.deadline())))
            return *done;
}

// The same as co_await; the cases must stand in the same expression.
namespace coro {
template <select_case... Cases>
task<std::size_t> select(Cases&&... cases) {
    detail::select_round<Cases...> round(cases...);
    for (;;) {
        const std::size_t had = co_await detail::any_of_awaiter(round.operation("select"), round.deadline());
        if (const auto done = round.complete(had)) co_return *done;
    }
}
}  // namespace coro

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// Queues between fibers.
#pragma once

#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/hub/hub.h>
#include <green/sync/exchange.h>
#include <green/sync/storage.h>

#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace green {

// Thrown by put() on a queue that was shut down, and by get() once it is empty too.
class queue_closed : public std::runtime_error {
  public:
    queue_closed() : runtime_error("green: the queue was shut down") {}
};

// A queue of at most `capacity` items. put() waits while it is full, get() while it is empty; both are served in
// the order in which they came. Whatever the order of items, one that arrives while a getter waits goes to it.
//
//     green::queue<job> jobs(100);
//     auto worker = green::spawn([&] { for (job& j : jobs) run(j); });   // until shutdown
//     jobs.put(first);
//     jobs.shutdown();
//     worker.join();
//
// With capacity 0, put() waits for a get(). Works between threads; try_put(), try_get() and shutdown() may be called
// by threads without a hub. Items must be nothrow move constructible; moving (and comparing) them must not park. A
// put that was cancelled or timed out has put nothing, such a get has taken nothing. It must outlive its users.
template <class T, class Order = fifo>
class queue {
    using exchange = detail::exchange<T, typename Order::template storage<T>>;

  public:
    static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

    explicit queue(std::size_t capacity = unbounded) noexcept : exchange_(capacity, "queue::put", "queue::get") {}

    // Parks while the queue is full. Throws queue_closed when it is shut down, before or meanwhile. Unbounded or not, it
    // is for fibers: a hub callback, a plain thread and a task that will not wait call try_put(), and are told so.
    [[gnu::always_inline]] void put(T item) { put_until(std::move(item), never); }
    // The same; false when `d` or `deadline` passed first: then the caller's item is as it was.
    bool put_for(T&& item, duration d) { return put_until(std::move(item), hub::current().deadline_after(d)); }
    bool put_until(T&& item, time_point deadline);
    // False when the queue is full: then the caller's item is as it was. Does not park. Throws queue_closed.
    bool try_put(T&& item);
    bool try_put(const T& item) { return try_put(T(item)); }

    // Parks while the queue is empty. Throws queue_closed when it is shut down and empty.
    [[gnu::always_inline]] T get() { return std::move(*get_until(never)); }
    // The same; empty when `d` or `deadline` passed first.
    std::optional<T> get_for(duration d) { return get_until(hub::current().deadline_after(d)); }
    std::optional<T> get_until(time_point deadline);
    // Empty when the queue is. Does not park. Throws queue_closed.
    std::optional<T> try_get();

    // Refuses every further item. Waiting putters fail at once; getters get what is left, then fail. Does not park.
    void shutdown() noexcept { exchange_.close(); }
    bool is_shut_down() const noexcept { return exchange_.closed(); }

    // An item that was got is done with. Does not park. Throws std::system_error (operation_not_permitted) when it
    // is called more often than items were put.
    void task_done();
    // Parks until task_done() was called for every item that was put.
    void join() { detail::wait_for(typename exchange::all_finished_operation{exchange_}); }
    // The same; false when `d` passed first.
    bool join_for(duration d) {
        return detail::wait_for(typename exchange::all_finished_operation{exchange_},
                                hub::current().deadline_after(d)) == detail::outcome::ready;
    }

    std::size_t size() const noexcept { return exchange_.size(); }
    std::size_t capacity() const noexcept { return exchange_.capacity(); }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() >= capacity(); }

    // An input iterator that gets an item per step and ends when the queue is shut down and empty.
    class iterator;
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    // For the rooms of the runtime.
    exchange& get_exchange() noexcept { return exchange_; }

  private:
    exchange exchange_;
};

template <class T, class Order>
class queue<T, Order>::iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    explicit iterator(queue& from) : from_(&from) { ++*this; }
    T& operator*() const noexcept { return *item_; }
    iterator& operator++() {
        item_.reset();
        typename exchange::get_operation op{from_->exchange_};
        detail::wait_for(op);
        if (op.result) item_.emplace(std::move(*op.result));
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return !at.item_; }

  private:
    queue* from_;
    mutable std::optional<T> item_;
};

// Last in, first out.
template <class T>
using lifo_queue = queue<T, lifo>;
// Greatest first by Compare, as std::priority_queue.
template <class T, class Compare = std::less<T>>
using priority_queue = queue<T, priority<Compare>>;

template <class T, class Order>
[[gnu::always_inline]] inline bool queue<T, Order>::put_until(T&& item, time_point deadline) {
    typename exchange::put_operation op{exchange_, item};
    if (detail::wait_for(op, deadline) == detail::outcome::timed_out) return false;
    if (!op.taken) throw queue_closed();
    return true;
}

template <class T, class Order>
bool queue<T, Order>::try_put(T&& item) {
    using result = typename exchange::put_result;
    const result r = exchange_.try_put(item);
    if (r == result::closed) throw queue_closed();
    return r == result::taken;
}

template <class T, class Order>
[[gnu::always_inline]] inline std::optional<T> queue<T, Order>::get_until(time_point deadline) {
    typename exchange::get_operation op{exchange_};
    if (detail::wait_for(op, deadline) == detail::outcome::ready && !op.result) throw queue_closed();
    return std::move(op.result);
}

template <class T, class Order>
std::optional<T> queue<T, Order>::try_get() {
    std::optional<T> item = exchange_.try_get();
    if (!item && exchange_.drained()) throw queue_closed();
    return item;
}

template <class T, class Order>
void queue<T, Order>::task_done() {
    if (!exchange_.task_finished())
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "green: queue::task_done without an item");
}

// The same as co_await. Errors, and what a cancelled one leaves behind, are those of the queue's members.
namespace coro {

template <class T, class Order>
auto put(queue<T, Order>& to, std::type_identity_t<T> item) {
    return detail::put_awaiter<T, typename Order::template storage<T>, queue_closed, void>(to.get_exchange(),
                                                                                           std::move(item));
}
// False when `deadline` or `d` passed first; the item is lost with the call, unlike that of the member.
template <class T, class Order>
auto put_until(queue<T, Order>& to, std::type_identity_t<T> item, time_point deadline) {
    return detail::put_awaiter<T, typename Order::template storage<T>, queue_closed, bool>(to.get_exchange(),
                                                                                           std::move(item), deadline);
}
template <class T, class Order>
auto put_for(queue<T, Order>& to, std::type_identity_t<T> item, duration d) {
    return put_until(to, std::move(item), hub::current().deadline_after(d));
}

template <class T, class Storage>
class [[nodiscard]] queue_get_awaiter
    : public detail::operation_awaiter<typename detail::exchange<T, Storage>::get_operation> {
    using base = detail::operation_awaiter<typename detail::exchange<T, Storage>::get_operation>;

  public:
    using base::base;
    std::optional<T> await_resume() {
        if (base::await_resume() == detail::outcome::ready && !this->op_.result) throw queue_closed();
        return std::move(this->op_.result);
    }
};
template <class T, class Storage>
class [[nodiscard]] queue_take_awaiter : public queue_get_awaiter<T, Storage> {
  public:
    using queue_get_awaiter<T, Storage>::queue_get_awaiter;
    T await_resume() { return std::move(*queue_get_awaiter<T, Storage>::await_resume()); }
};

template <class T, class Order>
auto get(queue<T, Order>& from) {
    return queue_take_awaiter<T, typename Order::template storage<T>>({from.get_exchange()});
}
template <class T, class Order>
auto get_until(queue<T, Order>& from, time_point deadline) {
    return queue_get_awaiter<T, typename Order::template storage<T>>({from.get_exchange()}, deadline);
}
template <class T, class Order>
auto get_for(queue<T, Order>& from, duration d) {
    return get_until(from, hub::current().deadline_after(d));
}
// Waits until task_done() was called for every item that was put.
template <class T, class Order>
auto join(queue<T, Order>& all) {
    using exchange = std::remove_reference_t<decltype(all.get_exchange())>;
    return detail::plain_awaiter<typename exchange::all_finished_operation>({all.get_exchange()});
}

}  // namespace coro

}  // namespace green

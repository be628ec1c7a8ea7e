// SPDX-License-Identifier: BSL-1.0
// Channels: a stream of items from fibers that send to fibers that receive, with an end.
#pragma once

#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/hub/hub.h>
#include <green/sync/exchange.h>
#include <green/sync/storage.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace green {

// Thrown by send() on a channel that is closed.
class channel_closed : public std::runtime_error {
  public:
    channel_closed() : runtime_error("green: the channel is closed") {}
};

// Hands items over in the order in which they were sent. With capacity 0, the default, sender and receiver meet:
// send() returns once somebody has received. With more, so many items may be under way.
//
//     green::channel<std::string> lines;
//     green::spawn([&] { for (auto& line : lines) print(line); });      // until it is closed
//     lines.send("hello");
//     lines.close();
//
// Works between threads; try_send(), try_receive() and close() may be called by threads without a hub. Items must be
// nothrow move constructible. A send that was cancelled or timed out has sent nothing, such a receive has taken
// nothing. It must outlive its users. select() waits for several channels.
template <class T>
class channel {
    using exchange = detail::exchange<T, fifo::storage<T>>;

  public:
    explicit channel(std::size_t capacity = 0) noexcept : exchange_(capacity, "channel::send", "channel::receive") {}

    // Parks until the item is received, or stored. Throws channel_closed when it is closed, before or meanwhile.
    void send(T item) { send_until(std::move(item), never); }
    // The same; false when `d` or `deadline` passed first: then the caller's item is as it was.
    bool send_for(T&& item, duration d) { return send_until(std::move(item), hub::current().deadline_after(d)); }
    bool send_until(T&& item, time_point deadline) {
        typename exchange::put_operation op{exchange_, item};
        if (detail::wait_for(op, deadline) == detail::outcome::timed_out) return false;
        if (!op.taken) throw channel_closed();
        return true;
    }
    // False when nobody receives and there is no room. Does not park. Throws channel_closed.
    bool try_send(T&& item) {
        const auto result = exchange_.try_put(item);
        if (result == exchange::put_result::closed) throw channel_closed();
        return result == exchange::put_result::taken;
    }
    bool try_send(const T& item) { return try_send(T(item)); }

    // Parks until there is an item; empty when the channel is closed and what was stored has been received.
    std::optional<T> receive() { return receive_until(never); }
    // The same; empty also when `d` or `deadline` passed first: closed() tells.
    std::optional<T> receive_for(duration d) { return receive_until(hub::current().deadline_after(d)); }
    std::optional<T> receive_until(time_point deadline) {
        typename exchange::get_operation op{exchange_};
        detail::wait_for(op, deadline);
        return std::move(op.result);
    }
    // Does not park; empty when there is nothing to receive.
    std::optional<T> try_receive() { return exchange_.try_get(); }

    // Refuses every further item; waiting senders fail, receivers get what is stored and then the end. Idempotent.
    // Does not park.
    void close() noexcept { exchange_.close(); }
    // It was closed; items may still be stored.
    bool closed() const noexcept { return exchange_.closed(); }

    // An input iterator that receives an item per step and ends with the channel.
    class iterator {
      public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        explicit iterator(channel& from) : from_(&from) { ++*this; }
        T& operator*() const noexcept { return *item_; }
        iterator& operator++() {
            item_.reset();
            if (auto next = from_->receive()) item_.emplace(std::move(*next));
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return !at.item_; }

      private:
        channel* from_;
        mutable std::optional<T> item_;
    };
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    // For the rooms of the runtime.
    exchange& get_exchange() noexcept { return exchange_; }

  private:
    exchange exchange_;
};

// The same as co_await.
namespace coro {

template <class T>
auto send(channel<T>& to, std::type_identity_t<T> item) {
    return detail::put_awaiter<T, fifo::storage<T>, channel_closed, void>(to.get_exchange(), std::move(item));
}
template <class T>
auto send_until(channel<T>& to, std::type_identity_t<T> item, time_point deadline) {
    return detail::put_awaiter<T, fifo::storage<T>, channel_closed, bool>(to.get_exchange(), std::move(item), deadline);
}
template <class T>
auto send_for(channel<T>& to, std::type_identity_t<T> item, duration d) {
    return send_until(to, std::move(item), hub::current().deadline_after(d));
}

template <class T>
class [[nodiscard]] receive_awaiter
    : public detail::operation_awaiter<typename detail::exchange<T, fifo::storage<T>>::get_operation> {
    using base = detail::operation_awaiter<typename detail::exchange<T, fifo::storage<T>>::get_operation>;

  public:
    using base::base;
    std::optional<T> await_resume() {
        base::await_resume();
        return std::move(this->op_.result);
    }
};
template <class T>
auto receive(channel<T>& from) {
    return receive_awaiter<T>({from.get_exchange()});
}
template <class T>
auto receive_until(channel<T>& from, time_point deadline) {
    return receive_awaiter<T>({from.get_exchange()}, deadline);
}
template <class T>
auto receive_for(channel<T>& from, duration d) {
    return receive_until(from, hub::current().deadline_after(d));
}

}  // namespace coro

}  // namespace green

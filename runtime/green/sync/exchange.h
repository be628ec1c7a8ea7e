// SPDX-License-Identifier: BSL-1.0
// Where items change hands between those who put and those who get: the inside of queue and channel.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/fiber/park.h>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace green::detail {

// A store of at most `capacity` items, with a queue of waiters on either side. At any moment at least one of these
// holds, so that nobody waits without need:
//
//     putters wait    only while the store is full (always, when the capacity is 0) and no getter waits
//     getters wait    only while the store is empty and no putter waits
//
// Who comes second does the handing over for both, under the lock: an item moves straight into a waiting getter's
// result, or out of a waiting putter's hands. So whoever was chosen has what it was chosen for, whatever strikes it
// before it runs, and whoever was not chosen has given or taken nothing.
//
// Items move under the lock, so moving one must neither throw nor park; what cannot promise that travels in a
// std::unique_ptr. Storage: see storage.h.
template <class T, class Storage>
class exchange {
    static_assert(std::is_nothrow_move_constructible_v<T>, "items of a queue must be nothrow move constructible");

  public:
    exchange(std::size_t capacity, const char* put_call, const char* get_call) noexcept
        : capacity_(capacity), put_call_(put_call), get_call_(get_call) {}
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    // Ready when the item was taken, or the exchange is closed: then the item stays where it is.
    struct put_operation {
        bool enqueue(wait_node& node) { return target.enqueue_put(*this, node); }
        void withdraw(wait_node& node) noexcept { target.withdraw(node); }
        wait_reason reason() const noexcept { return {.call = target.put_call_}; }
        static constexpr bool has_try_form = true;

        exchange& target;
        T& item;
        bool taken = false;
        bool try_again = false;  // the one with whom to exchange has just left (select only)
    };

    // Ready when there is an item in `result`, or the exchange is closed and empty.
    struct get_operation {
        bool enqueue(wait_node& node) { return target.enqueue_get(*this, node); }
        void withdraw(wait_node& node) noexcept { target.withdraw(node); }
        wait_reason reason() const noexcept { return {.call = target.get_call_}; }
        static constexpr bool has_try_form = true;

        exchange& target;
        std::optional<T> result{};
        bool try_again = false;
    };

    enum class put_result { taken, full, closed };
    // Do not park; any thread.
    put_result try_put(T& item);
    std::optional<T> try_get();
    // Wakes all: getters find what is left and then nothing, putters keep their items. Idempotent.
    void close() noexcept;

    bool closed() const noexcept { return read([this] { return closed_; }); }
    std::size_t size() const noexcept { return read([this] { return store_.size(); }); }
    std::size_t capacity() const noexcept { return capacity_; }
    bool drained() const noexcept { return read([this] { return closed_ && store_.size() == 0; }); }

    // Items taken so far for which task_finished() was not called. It returns false when there is none.
    bool task_finished() noexcept;
    struct all_finished_operation {
        bool enqueue(wait_node& node) noexcept {
            std::lock_guard guard(target.lock_);
            if (target.unfinished_ == 0) return node.owner->claim(node);
            target.joiners_.push_back(node);
            return false;
        }
        void withdraw(wait_node& node) noexcept { target.withdraw(node); }
        wait_reason reason() const noexcept { return {.call = "queue::join"}; }
        exchange& target;
    };

  private:
    template <class F>
    auto read(F f) const noexcept {
        std::lock_guard guard(lock_);
        return f();
    }
    bool has_room() const noexcept { return store_.size() < capacity_; }
    // Somebody else than `self` waits there (in select, one waiter may stand on both sides).
    static bool somebody_waits(wait_queue& side, const waiter* self) noexcept {
        bool found = false;
        side.for_each([&](wait_node& node) { found = found || (node.owner != self && node.owner->waiting()); });
        return found;
    }

    // Under the lock; `peer` becomes whoever must be woken after it.
    bool give(T& item, wait_node*& peer);
    bool take(std::optional<T>& out, wait_node*& peer);
    bool enqueue_put(put_operation& op, wait_node& node);
    bool enqueue_get(get_operation& op, wait_node& node);
    void withdraw(wait_node& node) noexcept {
        std::lock_guard guard(lock_);
        wait_queue::remove(node);
    }

    mutable spin_lock lock_;
    bool closed_ = false;
    const std::size_t capacity_;
    std::size_t unfinished_ = 0;
    Storage store_;
    wait_queue putters_;  // slot: its put_operation
    wait_queue getters_;  // slot: its get_operation
    wait_queue joiners_;
    const char* put_call_;
    const char* get_call_;
};

template <class T, class Storage>
[[gnu::always_inline]] inline bool exchange<T, Storage>::give(T& item, wait_node*& peer) {
    peer = getters_.choose_first();
    if (peer)
        static_cast<get_operation*>(peer->slot)->result.emplace(std::move(item));
    else if (has_room())
        store_.push(std::move(item));
    else
        return false;
    ++unfinished_;
    return true;
}

template <class T, class Storage>
[[gnu::always_inline]] inline bool exchange<T, Storage>::take(std::optional<T>& out, wait_node*& peer) {
    const bool from_store = store_.size() > 0;
    if (from_store) out.emplace(store_.pop());
    peer = putters_.choose_first();
    if (!peer) return from_store;
    auto& op = *static_cast<put_operation*>(peer->slot);
    if (from_store)
        store_.push(std::move(op.item));  // into the place that has just become free
    else
        out.emplace(std::move(op.item));
    op.taken = true;
    ++unfinished_;
    return true;
}

template <class T, class Storage>
bool exchange<T, Storage>::enqueue_put(put_operation& op, wait_node& node) {
    wait_node* peer = nullptr;
    {
        std::lock_guard guard(lock_);
        if (closed_) return node.owner->claim(node);
        const bool alone = !node.owner->has_alternatives();
        if (alone ? !(op.taken = give(op.item, peer)) : !has_room() && !somebody_waits(getters_, node.owner)) {
            node.slot = &op;
            putters_.push_back(node);
            return false;
        }
        if (!alone) {
            if (!node.owner->claim(node)) return false;
            op.taken = give(op.item, peer);
            op.try_again = !op.taken;
        }
    }
    if (peer) peer->owner->wake();
    return true;
}

template <class T, class Storage>
bool exchange<T, Storage>::enqueue_get(get_operation& op, wait_node& node) {
    wait_node* peer = nullptr;
    {
        std::lock_guard guard(lock_);
        const bool alone = !node.owner->has_alternatives();
        if (alone && take(op.result, peer)) {
            // had at once
        } else if (closed_ && store_.size() == 0) {
            return node.owner->claim(node);
        } else if (alone || (store_.size() == 0 && !somebody_waits(putters_, node.owner))) {
            node.slot = &op;
            getters_.push_back(node);
            return false;
        } else {
            if (!node.owner->claim(node)) return false;
            op.try_again = !take(op.result, peer);
        }
    }
    if (peer) peer->owner->wake();
    return true;
}

template <class T, class Storage>
auto exchange<T, Storage>::try_put(T& item) -> put_result {
    wait_node* peer = nullptr;
    {
        std::lock_guard guard(lock_);
        if (closed_) return put_result::closed;
        if (!give(item, peer)) return put_result::full;
    }
    if (peer) peer->owner->wake();
    return put_result::taken;
}

template <class T, class Storage>
std::optional<T> exchange<T, Storage>::try_get() {
    std::optional<T> item;
    wait_node* peer = nullptr;
    {
        std::lock_guard guard(lock_);
        take(item, peer);
    }
    if (peer) peer->owner->wake();
    return item;
}

template <class T, class Storage>
void exchange<T, Storage>::close() noexcept {
    intrusive_list<wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        closed_ = true;
        putters_.choose_all(chosen);
        getters_.choose_all(chosen);  // they wait, so nothing is left
    }
    wake_all(chosen);
}

template <class T, class Storage>
bool exchange<T, Storage>::task_finished() noexcept {
    intrusive_list<wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        if (unfinished_ == 0) return false;
        if (--unfinished_ == 0) joiners_.choose_all(chosen);
    }
    wake_all(chosen);
    return true;
}

// co_await on it puts the item that it holds. `Closed` is thrown when the exchange is closed; Result is bool where
// there is a deadline, else void.
template <class T>
struct put_item {
    T item;
};
template <class T, class Storage, class Closed, class Result>
class [[nodiscard]] put_awaiter : private put_item<T>,
                                  public operation_awaiter<typename exchange<T, Storage>::put_operation> {
    using base = operation_awaiter<typename exchange<T, Storage>::put_operation>;

  public:
    put_awaiter(exchange<T, Storage>& to, T item, time_point deadline = never)
        : put_item<T>{std::move(item)}, base({to, put_item<T>::item}, deadline) {}
    put_awaiter(const put_awaiter&) = delete;

    Result await_resume() {
        const bool in_time = base::await_resume() == outcome::ready;
        if (in_time && !this->op_.taken) throw Closed();
        if constexpr (!std::is_void_v<Result>) return in_time;
    }
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// Results of a pool one by one: the inside of imap() and imap_unordered(), for fibers and for tasks.
#pragma once

#include <green/bridge/block_on.h>
#include <green/coro/spawn.h>
#include <green/coro/task.h>
#include <green/fiber/spawn.h>
#include <green/sync/group.h>
#include <green/sync/pool_calls.h>
#include <green/sync/queue.h>
#include <green/sync/semaphore.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace green::detail {

enum class imap_order { of_items, of_completion };

inline std::size_t look_ahead_of(std::size_t wanted, std::size_t capacity) noexcept {
    return wanted ? wanted : std::max<std::size_t>(capacity, 1);
}

// A fiber or task of its own, the feeder, goes through the items and starts a call for each; calls arrive in a queue,
// in the order in which they were started or ended. What they share outlives the range, because after leaving the loop
// early feeder and calls still have to unwind. `Calls`: see pool_calls.h.
template <class View, class F, class Calls, imap_order Order>
class imap_source {
    using item = std::ranges::range_value_t<View>;
    using handle = typename Calls::handle;

  protected:
    struct shared {
        std::shared_ptr<members> pool;
        View items;
        F f;
        semaphore look_ahead;  // a permit per call not yet taken
        std::shared_ptr<members> calls = std::make_shared<members>();  // those of this range only
        queue<handle> arrived{};
        std::size_t started_count = 0;  // final once the feeder has ended
        std::exception_ptr feeder_error{};
    };

  public:
    using result = typename Calls::result;
    static_assert(std::is_object_v<result>, "imap() gives values; for a function that returns none there is map()");

    imap_source(const imap_source&) = delete;
    imap_source& operator=(const imap_source&) = delete;

  protected:
    imap_source(std::shared_ptr<members> pool, View items, F f, std::size_t look_ahead)
        : shared_(new shared{std::move(pool), std::move(items), std::move(f),
                             semaphore(static_cast<std::ptrdiff_t>(look_ahead))}) {}
    ~imap_source() {
        if (feeder_.valid()) feeder_.kill_soon();
        for (const agent_handle& each : shared_->calls->snapshot()) each.kill_soon();
    }

    // In the feeder.
    static coro::task<void> feed(std::shared_ptr<shared> s) {
        try {
            for (auto&& each : s->items) {
                co_await coro::acquire(s->look_ahead);
                co_await coro::acquire(*s->pool->slots);
                start_call(s, std::forward<decltype(each)>(each));
            }
        } catch (const cancellation&) {
            throw;
        } catch (...) {
            s->feeder_error = std::current_exception();
        }
        s->arrived.try_put(handle());  // no more will be started
    }

    // The next result; empty at the end. A cancelled call has taken nothing.
    coro::task<std::optional<result>> take_next() {
        while (!current_.valid()) {
            if (feeder_done_ && taken_count_ == shared_->started_count) {
                if (auto error = std::exchange(shared_->feeder_error, nullptr)) std::rethrow_exception(error);
                co_return std::nullopt;
            }
            current_ = co_await coro::get(shared_->arrived);
            if (!current_.valid()) feeder_done_ = true;
        }
        co_await coro::wait(current_);
        auto call = std::exchange(current_, {});
        ++taken_count_;
        shared_->look_ahead.release();
        co_return static_cast<result&&>(call.ended_result());
    }

    std::shared_ptr<shared> shared_;
    agent_handle feeder_;

  private:
    // A slot of the pool has been taken for it.
    static void start_call(const std::shared_ptr<shared>& s, item each) {
        auto place = s->calls->make_place(hub::current());
        auto call = s->pool->start_in_slot([&] {
            return Calls::start([s, each = std::move(each)]() mutable -> std::invoke_result_t<F&, item> {
                return std::invoke(s->f, std::move(each));
            });
        });
        s->calls->add(std::move(place), call);
        ++s->started_count;
        if constexpr (Order == imap_order::of_items)
            s->arrived.try_put(std::move(call));
        else
            call.link([s, call] { s->arrived.try_put(call); });
    }

    handle current_;
    std::size_t taken_count_ = 0;
    bool feeder_done_ = false;
};

// What pool::imap() gives: an input range.
template <class View, class F, imap_order Order>
class imap_range : private imap_source<View, F, calls_on_fibers<F, std::ranges::range_value_t<View>>, Order> {
    using source = imap_source<View, F, calls_on_fibers<F, std::ranges::range_value_t<View>>, Order>;

  public:
    using typename source::result;

    imap_range(std::shared_ptr<members> pool, View items, F f, std::size_t look_ahead)
        : source(std::move(pool), std::move(items), std::move(f), look_ahead) {
        // A fiber, because the items may be computed by code that parks.
        this->feeder_ = spawn([s = this->shared_] { block_on(source::feed(s)); });
    }

    class iterator {
      public:
        using value_type = result;
        using difference_type = std::ptrdiff_t;
        explicit iterator(imap_range& from) : from_(&from) { ++*this; }
        result& operator*() const noexcept { return *value_; }
        iterator& operator++() {
            value_.reset();
            value_ = block_on(from_->take_next());
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return !at.value_; }

      private:
        imap_range* from_;
        mutable std::optional<result> value_;
    };
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }
};

// What coro::imap() gives; used as an async_generator is.
template <class View, class F, imap_order Order>
class imap_results : private imap_source<View, F, calls_by_tasks<F, std::ranges::range_value_t<View>>, Order> {
    using source = imap_source<View, F, calls_by_tasks<F, std::ranges::range_value_t<View>>, Order>;

  public:
    imap_results(std::shared_ptr<members> pool, View items, F f, std::size_t look_ahead)
        : source(std::move(pool), std::move(items), std::move(f), look_ahead) {
        this->feeder_ = coro::spawn(source::feed(this->shared_));
    }

    // co_await: the next result; empty at the end. Throws what f threw for that item; it may be asked again after that.
    // Throws cancellation; then nothing was taken.
    auto next() { return this->take_next(); }
};

}  // namespace green::detail

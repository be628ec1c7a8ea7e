// SPDX-License-Identifier: BSL-1.0
// Results of a pool one by one: the inside of pool::imap() and pool::imap_unordered().
#pragma once

#include <green/fiber/fiber.h>
#include <green/fiber/spawn.h>
#include <green/sync/group.h>
#include <green/sync/queue.h>
#include <green/sync/semaphore.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

namespace green::detail {

// Starts a fiber in a pool of which a slot has been taken; when that fails, be it that the callable cannot be moved,
// the slot is given back.
template <class Callable>
auto spawn_into_taken(members& pool, const fiber_options& options, Callable& callable) {
    try {
        auto place = pool.make_place(hub::current());
        auto handle = spawn_here(options, {}, std::move(callable));
        pool.add(std::move(place), handle);
        return handle;
    } catch (...) {
        pool.slots->release();
        throw;
    }
}
template <class Callable>
auto spawn_into(members& pool, const fiber_options& options, Callable callable) {
    pool.slots->acquire();
    return spawn_into_taken(pool, options, callable);
}

enum class imap_order { of_items, of_completion };

// A fiber of its own, the feeder, goes through the items and starts a task for each; tasks arrive in a queue, in the
// order in which they were started or ended. What they share outlives the range, because after leaving the loop
// early feeder and tasks still have to unwind.
template <class View, class F, imap_order Order>
class imap_range {
    using item = std::ranges::range_value_t<View>;
    using result = std::invoke_result_t<F&, item>;

    struct shared {
        shared(std::shared_ptr<members> pool, View items, F f, std::size_t look_ahead)
            : pool(std::move(pool)), items(std::move(items)), f(std::move(f)),
              look_ahead(static_cast<std::ptrdiff_t>(look_ahead)) {}
        std::shared_ptr<members> pool;
        std::shared_ptr<members> tasks = std::make_shared<members>();  // those of this range only
        View items;
        F f;
        semaphore look_ahead;               // a permit per task not yet taken
        queue<fiber<result>> arrived;
        std::size_t started_count = 0;      // final once the feeder has ended
        std::exception_ptr feeder_error;
    };

  public:
    imap_range(std::shared_ptr<members> pool, View items, F f, std::size_t look_ahead)
        : shared_(std::make_shared<shared>(std::move(pool), std::move(items), std::move(f), look_ahead)),
          feeder_(spawn([s = shared_] { feed(s); })) {}
    imap_range(const imap_range&) = delete;
    imap_range& operator=(const imap_range&) = delete;
    ~imap_range() {
        feeder_.kill_soon();
        for (const fiber_handle& each : shared_->tasks->snapshot()) each.kill_soon();
    }

    class iterator {
      public:
        using value_type = result;
        using difference_type = std::ptrdiff_t;
        explicit iterator(imap_range& from) : from_(&from) { ++*this; }
        result& operator*() const noexcept { return *value_; }
        iterator& operator++() {
            value_.reset();
            from_->next(value_);
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

  private:
    static void feed(const std::shared_ptr<shared>& s) {
        try {
            for (auto&& each : s->items) {
                s->look_ahead.acquire();
                start_task(s, item(std::forward<decltype(each)>(each)));
            }
        } catch (const cancellation&) {
            throw;
        } catch (...) {
            s->feeder_error = std::current_exception();
        }
        s->arrived.put({});  // no more will be started
    }

    static void start_task(const std::shared_ptr<shared>& s, item each) {
        auto place = s->tasks->make_place(hub::current());
        auto task = spawn_into(*s->pool, {}, [s, each = std::move(each)]() mutable -> result {
            return std::invoke(s->f, std::move(each));
        });
        s->tasks->add(std::move(place), task);
        ++s->started_count;
        if constexpr (Order == imap_order::of_items)
            s->arrived.put(std::move(task));
        else
            task.link([s, task] { s->arrived.try_put(task); });
    }

    // The next result; leaves `out` empty at the end. A cancelled call has taken nothing.
    void next(std::optional<result>& out) {
        while (!current_.valid()) {
            if (feeder_done_ && taken_count_ == shared_->started_count) return finish();
            current_ = shared_->arrived.get();
            if (!current_.valid()) feeder_done_ = true;
        }
        current_.join();
        auto task = std::exchange(current_, {});
        ++taken_count_;
        shared_->look_ahead.release();
        out.emplace(std::move(task).get());
    }
    void finish() {
        if (auto error = std::exchange(shared_->feeder_error, nullptr)) std::rethrow_exception(error);
    }

    std::shared_ptr<shared> shared_;
    fiber<void> feeder_;
    fiber<result> current_;
    std::size_t taken_count_ = 0;
    bool feeder_done_ = false;
};

}  // namespace green::detail

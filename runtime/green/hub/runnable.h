// SPDX-License-Identifier: BSL-1.0
// What the hub runs: anything with a link and a function. The hub knows neither fibers nor coroutines.
#pragma once

namespace green::detail {

// Something that is to run once, soon. It is in at most one queue at a time, and whoever queues it owns that
// right exclusively: a waiter's is won by settling its outcome.
struct runnable {
    using function = void (*)(runnable&) noexcept;

    constexpr explicit runnable(function to_run) noexcept : run(to_run) {}

    runnable* next = nullptr;
    function run;
};

// First in, first out, but for what is pushed in front. One thread only. A ring that an element of its own closes, so that
// all but one of the ways to change it are the same whether others are in it or not.
class runnable_queue {
  public:
    runnable_queue() noexcept { end_.next = &end_; }
    runnable_queue(const runnable_queue&) = delete;
    runnable_queue& operator=(const runnable_queue&) = delete;

    bool empty() const noexcept { return is_end(front()); }
    // What is next; of an empty queue its end, which is nothing to run: its function is null.
    runnable& front() const noexcept { return *end_.next; }
    bool is_end(const runnable& item) const noexcept { return &item == &end_; }

    void push_back(runnable& item) noexcept {
        item.next = &end_;
        last_->next = &item;
        last_ = &item;
    }

    void push_front(runnable& item) noexcept {
        item.next = end_.next;
        if (empty()) last_ = &item;
        end_.next = &item;
    }

    runnable& pop_front() noexcept {
        runnable& item = front();
        pop(item);
        return item;
    }

    // Takes out `first`, which is the front.
    void pop(runnable& first) noexcept {
        end_.next = first.next;
        if (empty()) last_ = &end_;
    }
    // The same, and puts `item` at the back.
    void rotate(runnable& first, runnable& item) noexcept {
        push_back(item);
        end_.next = first.next;
    }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for (runnable* at = end_.next; !is_end(*at); at = at->next) visit(*at);
    }

  private:
    runnable end_{nullptr};
    runnable* last_ = &end_;
};

}  // namespace green::detail

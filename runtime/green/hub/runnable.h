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

// First in, first out, but for what is pushed in front. One thread only.
class runnable_queue {
  public:
    bool empty() const noexcept { return !first_; }
    runnable* front() const noexcept { return first_; }

    void push_back(runnable& item) noexcept {
        item.next = nullptr;
        *(first_ ? &last_->next : &first_) = &item;
        last_ = &item;
    }

    void push_front(runnable& item) noexcept {
        item.next = first_;
        if (!first_) last_ = &item;
        first_ = &item;
    }

    runnable& pop_front() noexcept {
        runnable& item = *first_;
        first_ = item.next;
        return item;
    }

    // pop_front() and push_back(item) in one, on a queue that is not empty.
    runnable& rotate(runnable& item) noexcept {
        runnable& popped = *first_;
        item.next = nullptr;
        if (popped.next) {
            first_ = popped.next;
            last_->next = &item;
        } else {
            first_ = &item;
        }
        last_ = &item;
        return popped;
    }

    // Keeps only the elements that `keep` accepts, in order. For the child of a fork, and for tests that reorder.
    template <class Keep>
    void filter(Keep&& keep) {
        runnable* at = first_;
        first_ = last_ = nullptr;
        while (at) {
            runnable* following = at->next;
            if (keep(*at)) push_back(*at);
            at = following;
        }
    }

  private:
    runnable* first_ = nullptr;
    runnable* last_ = nullptr;  // valid unless empty
};

}  // namespace green::detail

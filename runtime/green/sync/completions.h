// SPDX-License-Identifier: BSL-1.0
// Several operations under way at once, and the order in which they complete: the inside of iwait().
#pragma once

#include <green/fiber/park.h>
#include <green/hub/hub.h>
#include <green/sync/watch.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace green::detail {

// Watches operations that take nothing, such as the end of a fiber, and collects the numbers of those that have
// completed. Belongs to one fiber. Nothing is left behind in any primitive once it is gone, and it may go at any time.
template <operation Operation>
class completions {
  public:
    completions() : home_(hub::current()) {}
    completions(const completions&) = delete;
    completions& operator=(const completions&) = delete;
    ~completions() {
        for (watcher* each : watchers_) {
            if (!each) continue;
            each->owner = nullptr;
            if (each->give_up(each->op)) delete each;  // else the hub holds it for a moment yet
        }
    }

    // Begins to watch `op` as the next number, from 0 on.
    void add(Operation op) {
        watchers_.push_back(nullptr);
        watchers_.back() = new watcher(*this, watchers_.size() - 1, std::move(op));
        watchers_.back()->start(watchers_.back()->op);
    }

    std::size_t remaining() const noexcept { return watchers_.size() - taken_; }

    // The number that completed first of those not yet taken; false when `deadline` passed first, or none remains.
    // Parks. Throws cancellation; then nothing was taken.
    bool next(std::size_t& number, time_point deadline) {
        if (remaining() == 0) return false;
        if (wait_for(next(), deadline) != outcome::ready) return false;
        number = take();
        return true;
    }

    // The same in two steps, for whoever waits in another way: once next() was had, take() gives the number.
    struct next_operation {
        bool enqueue(wait_node& node) noexcept {
            if (!target.done_.empty()) return true;
            target.taker_.push_back(node);
            return false;
        }
        void withdraw(wait_node& node) noexcept { wait_queue::remove(node); }
        wait_reason reason() const noexcept { return {.call = "iwait"}; }
        completions& target;
    };
    next_operation next() noexcept { return {*this}; }
    std::size_t take() noexcept {
        const std::size_t number = done_.front();
        done_.pop_front();
        ++taken_;
        return number;
    }

  private:
    struct watcher final : watch {
        watcher(completions& all, std::size_t its_number, Operation awaited)
            : watch(all.home_), owner(&all), number(its_number), op(std::move(awaited)) {}
        void on_ready() noexcept override {
            if (owner) owner->on_done(*this);
            delete this;
        }
        completions* owner;
        std::size_t number;
        Operation op;
    };

    void on_done(watcher& w) noexcept {
        watchers_[w.number] = nullptr;
        done_.push_back(w.number);
        if (wait_node* node = taker_.choose_first()) node->owner->wake();
    }

    hub& home_;
    std::vector<watcher*> watchers_;  // null once completed
    std::deque<std::size_t> done_;
    std::size_t taken_ = 0;
    wait_queue taker_;
};

}  // namespace green::detail

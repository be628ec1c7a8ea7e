// SPDX-License-Identifier: BSL-1.0
// The one thing that a lock, a queue, a timer, an fd or the hub ever holds of whoever waits.
#pragma once

#include <green/base/intrusive_list.h>
#include <green/hub/current.h>
#include <green/hub/runnable.h>
#include <green/hub/timer_heap.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace green::detail {

class waiter;

// How a wait ended. Settled exactly once per wait, by whoever comes first: the primitive that hands something
// over, the timer, or a cancellation. All who come later find it settled and turn to the next waiter.
//
//                choose()            by the primitive, under its lock
//     pending ---------------> ready
//        |------------------> timed_out     by the timer, on the home hub
//        `------------------> cancelled     by a scope or a kill, on the home hub
enum class outcome : std::uint8_t { pending, ready, timed_out, cancelled };

// A waiter's place in one primitive's queue; guarded by that primitive's lock.
struct wait_node : list_hook<> {
    explicit wait_node(waiter& who) noexcept : owner(&who) {}
    waiter* owner;
    void* slot = nullptr;  // where the primitive puts what it hands over; its meaning is the primitive's
    bool missed = false;   // it left the queue without having been chosen; only select looks at it
};

// What a waiter waits for, in words. `call` is the public call ("mutex::lock"); `describe`, when there is one,
// appends the particulars of `object` ("held by fiber-3").
struct wait_reason {
    const char* call = "nothing";
    const void* object = nullptr;
    void (*describe)(std::string& out, const void* object) = nullptr;
};

struct scope_tag;
class scope;

// A suspended fiber's or coroutine's handle for the rest of the world. It lives in the fiber's control block or
// in the coroutine's frame: waiting allocates nothing.
class waiter : public runnable, public timer, public list_hook<scope_tag> {
  public:
    waiter(hub& home, runnable::function to_run) noexcept
        : runnable(to_run), timer(&expire), home_(&home), node_(*this) {}

    // Starts a new wait: nothing has settled it. By the owner, before anybody can know of the wait.
    void begin(const wait_reason& reason) noexcept {
        reason_ = reason;
        outcome_.store(outcome::pending, std::memory_order_relaxed);
    }

    // Ends a wait that nobody needed to be told of: what was wanted could be had at once.
    void settle_without_waiting() noexcept { outcome_.store(outcome::ready, std::memory_order_relaxed); }

    // By a primitive, holding the lock that guards one of this waiter's nodes: picks this waiter to be woken.
    // False when it timed out or was cancelled before. The winner calls wake() after releasing its lock; until
    // then the waiter cannot go away.
    //
    // On the waiter's own thread the timer and the scopes cannot run at the same time, and all other threads that
    // could choose it are kept out by the primitive's lock: a plain store settles it. Everybody else competes.
    [[nodiscard]] bool choose() noexcept {
        return home_ != current_hub ? settle(outcome::ready) : choose_at_home();
    }
    // The same, known to be on the waiter's own thread.
    [[nodiscard]] bool choose_at_home() noexcept {
        if (has_alternatives_) [[unlikely]] return settle(outcome::ready);
        if (outcome_.load(std::memory_order_relaxed) != outcome::pending) return false;
        outcome_.store(outcome::ready, std::memory_order_relaxed);
        return true;
    }

    // On the home hub, or by one of several alternatives: the general form of choose().
    [[nodiscard]] bool settle(outcome result) noexcept {
        outcome expected = outcome::pending;
        return outcome_.compare_exchange_strong(expected, result, std::memory_order_acq_rel);
    }

    // By the waiter itself while it enqueues, before it takes what it finds available, under that primitive's lock.
    // False when another of its alternatives was chosen meanwhile: then nothing may be taken.
    [[nodiscard]] bool claim(wait_node& node) noexcept {
        if (!has_alternatives_ || settle(outcome::ready)) [[likely]] return true;
        node.missed = true;
        return false;
    }

    // Makes a settled waiter run again, through its home hub's mailbox when that is another thread's. (Defined in
    // hub/hub.h.)
    inline void wake() noexcept;
    // The same, known to be on the waiter's own thread.
    inline void wake_at_home() noexcept;

    outcome result() const noexcept { return outcome_.load(std::memory_order_acquire); }
    bool waiting() const noexcept { return result() == outcome::pending; }
    hub& home() const noexcept { return *home_; }
    wait_node& node() noexcept { return node_; }
    const wait_node& node() const noexcept { return node_; }
    const wait_reason& reason() const noexcept { return reason_; }

    // Set while several primitives hold nodes of this one waiter (select): their locks do not exclude each other.
    void set_has_alternatives(bool several) noexcept { has_alternatives_ = several; }
    bool has_alternatives() const noexcept { return has_alternatives_; }

  private:
    static void expire(timer& self) noexcept;

    hub* home_;
    wait_reason reason_;
    [[no_unique_address]] wait_node node_;  // what follows is in its padding
    std::atomic<outcome> outcome_{outcome::ready};
    bool has_alternatives_ = false;
};

// The waiters of one primitive, oldest first; guarded by the primitive's lock.
class wait_queue {
  public:
    bool empty() const noexcept { return nodes_.empty(); }
    void push_back(wait_node& node) noexcept { nodes_.push_back(node); }
    void push_front(wait_node& node) noexcept { nodes_.push_front(node); }

    wait_node& front() noexcept { return nodes_.front(); }

    // Takes the front out of the queue, settled as ready; null when it does not wait any more.
    wait_node* choose_front() noexcept {
        wait_node& node = nodes_.pop_front();
        if (node.owner->choose()) return &node;
        node.missed = true;
        return nullptr;
    }
    // The same for the first waiter that still waits; null when there is none.
    wait_node* choose_first() noexcept {
        while (!nodes_.empty())
            if (wait_node* chosen = choose_front()) return chosen;
        return nullptr;
    }

    // Chooses all who wait now into `chosen`; wake_all(chosen) after releasing the lock.
    void choose_all(intrusive_list<wait_node>& chosen) noexcept {
        while (wait_node* node = choose_first()) chosen.push_back(*node);
    }

    // Undoes push_back for a waiter that was not chosen.
    static void remove(wait_node& node) noexcept {
        if (!node.linked()) return;
        node.unlink();
        node.missed = true;
    }

    template <class Visit>
    void for_each(Visit&& visit) {
        nodes_.for_each(visit);
    }

  private:
    intrusive_list<wait_node> nodes_;
};

// Like waiter::wake(), defined in hub/hub.h.

}  // namespace green::detail

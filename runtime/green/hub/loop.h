// SPDX-License-Identifier: BSL-1.0
// The machinery behind green::hub, for the rooms of the runtime: ready queue, timers, poller and mailbox, and
// the loop that turns them. It knows no stacks: whoever owns the hub's own context calls run() on it.
#pragma once

#include <green/base/intrusive_list.h>
#include <green/base/single_writer.h>
#include <green/hub/mail_watch.h>
#include <green/hub/mailbox.h>
#include <green/hub/poller.h>
#include <green/hub/runnable.h>
#include <green/hub/time_source.h>
#include <green/hub/timer_heap.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace green {
class hub;
}

namespace green::detail {

class agent;
struct home_tag;

// What the rooms above want to be told.
struct hub_hooks {
    // Nothing on this hub can ever run again. Returns true when it made something runnable.
    bool (*stuck)(hub&) noexcept;
    // The hub is about to block: time for housekeeping. Returns how long it may block before the next call.
    duration (*idle)(hub&) noexcept;
    // The thread ends: whatever still lives on the hub must go, and its mailbox be closed. False when something
    // has to stay: then the hub cannot serve another thread.
    bool (*retire)(hub&) noexcept;
    // In the child of a fork, on the hub of the thread that forked, before the hub itself is renewed.
    void (*forked)(hub&) noexcept;
};
extern const hub_hooks hooks;  // by the fiber room; constant, so that every thread sees the same at any time

class loop;

// A request that every hub gets: one of its kind for each, so that asking allocates nothing. The answer begins by
// clearing `queued`.
struct hub_request : runnable {
    hub_request(loop& asked, runnable::function answer) noexcept : runnable(answer), owner(asked) {}
    loop& owner;
    std::atomic<bool> queued{false};
};

class loop {
    runnable_queue ready_;  // in front, so that a switch, which needs the address of both, needs one

  public:
    // One thread's loop; everything here is for that thread alone, except for what is marked. Throws
    // std::system_error when there are no descriptors left, std::bad_alloc when there is no memory.
    explicit loop(hub& face);

    // Queues `item` behind what is ready already.
    void make_ready(runnable& item) noexcept { ready_.push_back(item); }
    // The same before what is ready already.
    void make_ready_first(runnable& item) noexcept { ready_.push_front(item); }
    // make_ready() from any thread. False when the loop's thread has ended: then nobody will ever run it.
    [[nodiscard]] bool schedule(runnable& item) noexcept;

    bool has_ready() const noexcept { return !ready_.empty(); }
    // What is next; when nothing is, something whose function is null.
    runnable& front() const noexcept { return ready_.front(); }
    bool is_last(const runnable& item) const noexcept { return ready_.is_end(*item.next); }
    runnable& pop_front() noexcept { return ready_.pop_front(); }
    void pop(runnable& first) noexcept { ready_.pop(first); }
    void rotate(runnable& first, runnable& item) noexcept { ready_.rotate(first, item); }

    // Called once per switch between fibers. True now and then, when the loop should have the processor because
    // the kernel has not been asked for about a millisecond; false otherwise.
    bool turn_is_up() noexcept { return --turns_left_ == 0 && poll_is_due(); }
    // The same without asking anybody: false when it is not certain, and has to be asked.
    bool take_turn() noexcept {
        const unsigned left = turns_left_ - 1;
        if (left == 0) [[unlikely]] return false;
        turns_left_ = left;
        return true;
    }
    // The same as turn_is_up() for a fiber that could go on. True when its budget is used up and it should let others
    // run.
    bool budget_is_spent() noexcept {
        if (--turns_left_ != 0) [[likely]] return false;
        poll_is_due();
        return true;
    }

    // Runs ready things, polls, fires timers, for ever. On the hub's own context.
    [[noreturn]] void run() noexcept;
    timer_heap& timers() noexcept { return timers_; }
    green::detail::poller& poller() noexcept { return poller_; }

    time_point now() noexcept;
    time_point deadline_after(duration d) noexcept;
    void set_time_source(time_source* source) noexcept { time_source_ = source; }
    bool has_time_source() const noexcept { return time_source_ != nullptr; }

    // Runs `item` on this loop soon, unless it is queued already. From any thread and from a signal handler.
    void ask(hub_request& item) noexcept { ask(item.queued, item); }
    void ask(std::atomic<bool>& queued, runnable& item) noexcept {
        if (!queued.exchange(true) && !mailbox_.post(item)) queued.store(false);
    }
    // Whether a thread turns this loop, and is not about to end; the loop is kept when it has.
    std::atomic<bool> has_thread{false};
    std::atomic<int> thread_id{0};  // its thread's (gettid(2)), while it has one
    hub_request request{*this, &answer_request};           // of ask_all_hubs() (hub/ask_all.h)
    hub_request drop_request{*this, &drop_all_stale};  // of forget_fd_in_handler()
    loop* enlisted_before = nullptr;  // constant once enlisted

    // When the kernel was last asked for events, by the coarse clock: a free stamp for things whose age matters
    // only roughly. Any thread may ask.
    std::int64_t last_poll_coarse_ns() const noexcept { return last_poll_coarse_ns_; }
    static std::int64_t coarse_now_ns() noexcept;
    // Whether it waits in the kernel. Any thread.
    bool asleep() const noexcept { return mailbox_.asleep(); }
    hub& face() noexcept { return face_; }

    // For forget_fd(), from any thread.
    static void drop_stale(loop& l, int fd) noexcept;
    static void deregister_and_drop(loop& l, int fd) noexcept;
    // For forget_fd_in_handler(), from any thread and from a signal handler.
    void deregister(int fd) noexcept { poller_.deregister(fd); }  // epoll_ctl(2) is safe anywhere

    // Two equal ones, taken longer apart than the coarse clock's tick: nobody has switched in between. Any thread.
    struct progress {
        unsigned turns_left, turns_without_poll;
        std::int64_t polled_ns;
        bool operator==(const progress&) const = default;
    };
    progress how_far() const noexcept { return {turns_left_, turns_without_poll_, last_poll_coarse_ns()}; }

    void hold() noexcept { ++holds_; }
    void release() noexcept { --holds_; }
    bool has_mail() const noexcept { return !mailbox_.empty(); }

    // From close_mail() on, schedule() refuses what other threads bring; what they have brought is made ready.
    void close_mail() noexcept { mailbox_.close(ready_); }
    // The same only if there is nothing; true when it is closed now.
    bool close_mail_if_empty() noexcept { return mailbox_.close_if_empty(); }
    // By the next thread that turns this loop.
    void open_mail() noexcept { mailbox_.open(); }
    void close_mail_after_fork() noexcept { mailbox_.close_after_fork(); }

    // Lets `reorder` look at the ready queue before each single run, for tests; null to stop.
    using reorder_function = void (*)(runnable_queue&, void* argument);
    void set_reorder(reorder_function reorder, void* argument) noexcept {
        reorder_ = reorder;
        reorder_argument_ = argument;
        turns_left_ = 1;
    }
    bool is_reordered() const noexcept { return reorder_ != nullptr; }

    // The fiber room's part of this thread; this room only keeps it.
    void* upper = nullptr;

    // Agents of this loop that have not ended and that no slab of the fiber room holds: tasks, and fibers that other
    // threads have made.
    intrusive_list<agent, home_tag> listed;
    // How many fibers and tasks were spawned here and have not ended. Whoever waits for none to be left is woken.
    void agent_begins() noexcept { agent_count_ += 1; }
    void agent_ended() noexcept {
        if (--agent_count_ == 0 && awaiting_quiet) [[unlikely]] all_agents_ended();
    }
    // Any thread may ask.
    std::size_t agent_count() const noexcept { return agent_count_; }
    void set_agent_count(std::size_t left) noexcept { agent_count_ = left; }
    waiter* awaiting_quiet = nullptr;

    // In the child of a fork: an epoll, an eventfd and timers of its own, and nothing ready.
    void reset_after_fork();
    // The thread has ended: forgets whatever nobody will run any more.
    void forget_everything() noexcept;

    // Threads that never wake a fiber: is_alone() does not count them.
    static std::atomic<int> bystanders;

  private:
    static void answer_request(runnable& request) noexcept;
    static void drop_all_stale(runnable& request) noexcept;

    bool poll_is_due() noexcept;
    bool has_something_to_wait_for() const noexcept;
    bool is_alone() noexcept;
    void all_agents_ended() noexcept;
    void run_ready() noexcept;
    void run_one_reordered() noexcept;
    void poll() noexcept;
    void poll_until(time_point deadline) noexcept;
    bool wait_with_virtual_time(time_point deadline) noexcept;

    hub& face_;
    single_writer<unsigned> turns_left_ = 1;  // never 0 but for a moment
    single_writer<unsigned> turns_without_poll_ = 0;
    single_writer<std::int64_t> last_poll_coarse_ns_;
    timer_heap timers_;
    mailbox mailbox_;
    mail_watch mail_watch_;
    green::detail::poller poller_;
    time_source* time_source_ = nullptr;
    reorder_function reorder_ = nullptr;
    void* reorder_argument_ = nullptr;
    int holds_ = 0;
    duration next_look_for_threads_{};  // zero: it has not waited for another thread yet
    single_writer<std::size_t> agent_count_ = 0;
};

}  // namespace green::detail

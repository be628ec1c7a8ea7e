// SPDX-License-Identifier: BSL-1.0
#include <green/hub/loop.h>

#include <green/base/single_threaded.h>
#include <green/hub/hub.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace green::detail {

namespace {

// Every so many switches the coarse clock is looked at; when it has moved, the kernel is asked for events. A full
// poll costs some 40 switches, a look at the coarse clock less than one.
constexpr unsigned turns_per_look = 64;
constexpr unsigned most_turns_without_poll = 64 * turns_per_look;

constexpr duration first_look_for_threads = std::chrono::milliseconds(10);
constexpr duration longest_between_looks = std::chrono::seconds(1);

std::int64_t coarse_ns() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

std::int64_t coarse_resolution_ns() noexcept {
    static const std::int64_t resolution = [] {
        timespec t{};
        clock_getres(CLOCK_MONOTONIC_COARSE, &t);
        return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
    }();
    return resolution;
}

timespec to_timespec(duration d) noexcept {
    auto ns = std::max<std::int64_t>(d.count(), 0);
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace

constinit std::atomic<int> loop::bystanders{0};

// Enlisted last: nobody may know of a loop whose descriptors could not be had.
loop::loop(hub& face) : face_(face), last_poll_coarse_ns_(coarse_ns()), poller_(mailbox_.wake_fd()) {
    poller_.set_loop_index(enlist(*this));
}

std::int64_t loop::coarse_now_ns() noexcept {
    return coarse_ns();
}

bool loop::schedule(runnable& item) noexcept {
    if (current_hub != &face_) return mailbox_.post(item);
    make_ready(item);
    return true;
}

void loop::drop_stale(loop& l, int fd) noexcept {
    if (current_hub == &l.face_)
        l.poller_.drop_stale(fd);
    else
        l.face_.call_soon([&l, fd] { l.poller_.drop_stale(fd); });  // refused: nobody waits there any more
}

void loop::deregister_and_drop(loop& l, int fd) noexcept {
    l.deregister(fd);
    drop_stale(l, fd);
}

void loop::drop_all_stale(runnable& request) noexcept {
    auto& asked = static_cast<hub_request&>(request);
    asked.queued.store(false);
    asked.owner.poller_.drop_all_stale();
}

time_point loop::now() noexcept {
    if (time_source_) [[unlikely]] return time_source_->now();
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

time_point loop::deadline_after(duration d) noexcept {
    const std::int64_t slack = d.count() / 128;
    if (time_source_ || slack < coarse_resolution_ns()) return add(now(), d);
    // The coarse clock lags by a tick, and by more while the processor that counts the ticks is held up, as that of a
    // virtual machine may be. The slack covers both unless that takes longer.
    return add(time_point(duration(coarse_ns() + slack)), d);
}

bool loop::poll_is_due() noexcept {
    turns_without_poll_ += turns_per_look;
    const bool due = reorder_ ||
        !mailbox_.empty() || turns_without_poll_ >= most_turns_without_poll || coarse_ns() != last_poll_coarse_ns();
    turns_left_ = due ? 1 : turns_per_look;  // once due it stays due until poll()
    return due;
}

void loop::all_agents_ended() noexcept {
    waiter* who = std::exchange(awaiting_quiet, nullptr);
    if (who->choose()) who->wake();
}

void loop::run() noexcept {
    for (;;) {
        run_ready();
        poll();
    }
}

void loop::run_ready() noexcept {
    if (reorder_) [[unlikely]] return run_one_reordered();
    while (!ready_.empty() && !turn_is_up()) {
        runnable& item = ready_.pop_front();
        item.run(item);
    }
}

// One at a time, and its turn is up at its first switch: it comes back here instead of going on to the next one, so
// each choice is made by reorder_.
void loop::run_one_reordered() noexcept {
    reorder_(ready_, reorder_argument_);
    if (ready_.empty()) return;
    turns_left_ = 1;
    runnable& item = ready_.pop_front();
    item.run(item);
}

void loop::poll() noexcept {
    mailbox_.take_all(ready_);
    if (!ready_.empty()) {
        poll_until(time_point::min());
    } else if (!time_source_ && mail_watch_.catches(mailbox_)) {
        if (coarse_ns() != last_poll_coarse_ns()) poll_until(time_point::min());  // others have had to wait for a tick
    } else if (!time_source_ || !wait_with_virtual_time(timers_.soonest())) {
        const bool needs_others = !has_something_to_wait_for();
        if (needs_others && is_alone() && hooks.stuck(face_)) return;
        duration longest = hooks.idle(face_);
        if (needs_others) longest = std::min(longest, next_look_for_threads_);
        time_point deadline = timers_.soonest();
        if (longest != duration::max()) deadline = std::min(deadline, add(now(), longest));
        poll_until(deadline);
    }
    mailbox_.take_all(ready_);
    if (!ready_.empty()) next_look_for_threads_ = {};
    if (!timers_.empty()) timers_.fire_until(now());
}

// Asks the kernel for events: without blocking when `deadline` has passed, else until an event or the deadline.
void loop::poll_until(time_point deadline) noexcept {
    timespec timeout{};
    const timespec* how_long = &timeout;
    if (deadline == never)
        how_long = nullptr;
    else if (deadline != time_point::min())
        timeout = to_timespec(deadline - now());
    const bool blocking = deadline != time_point::min();
    if (blocking && !mailbox_.prepare_to_sleep()) return;
    poller_.poll(how_long);
    if (blocking) {
        mailbox_.woke();
        mail_watch_.slept(!mailbox_.empty());
    }
    turns_left_ = turns_per_look;
    turns_without_poll_ = 0;
    last_poll_coarse_ns_ = coarse_ns();
}

// With a clock that jumps: real events first, and only when none comes within a moment is everything really
// parked, and time moves to the next deadline.
bool loop::wait_with_virtual_time(time_point deadline) noexcept {
    if (deadline == never) return false;
    const bool foreign_events_possible = poller_.waiting_count() > 0 || !single_threaded();
    if (foreign_events_possible && mailbox_.prepare_to_sleep()) {
        constexpr timespec moment{0, 2'000'000};
        poller_.poll(&moment);
        mailbox_.woke();
        mailbox_.take_all(ready_);
    }
    if (ready_.empty()) time_source_->advance_to(deadline);
    return true;
}

bool loop::has_something_to_wait_for() const noexcept {
    return holds_ > 0 || !timers_.empty() || poller_.waiting_count() > 0 || !mailbox_.empty();
}

// Whether there is no other thread that could wake this one, or has just done so. None can appear, because the only one
// that could make it is here; and what a thread has posted came before it was counted out, so the box is looked at
// after the count. Threads end without a word: they are counted again from time to time, and not at once, because who
// waits for another thread is woken soon as a rule.
bool loop::is_alone() noexcept {
    if (single_threaded()) return true;
    const bool has_waited = next_look_for_threads_ > duration::zero();
    next_look_for_threads_ = std::clamp(2 * next_look_for_threads_, first_look_for_threads, longest_between_looks);
    if (!has_waited || sys::thread_count() != 1 + bystanders) return false;
    const bool has_no_mail = mailbox_.prepare_to_sleep();
    mailbox_.woke();
    return has_no_mail;
}

void loop::reset_after_fork() {
    mailbox_.reset_after_fork();
    poller_.reset_after_fork(mailbox_.wake_fd());
    forget_everything();
}

void loop::forget_everything() noexcept {
    timers_.clear();
    while (!ready_.empty()) ready_.pop_front();
    holds_ = 0;
    next_look_for_threads_ = {};
    awaiting_quiet = nullptr;
    time_source_ = nullptr;
    reorder_ = nullptr;
}

}  // namespace green::detail

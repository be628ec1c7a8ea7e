// SPDX-License-Identifier: BSL-1.0
// One thread's scheduler as the user sees it. The machinery is hub/loop.h.
#pragma once

#include <green/base/callback.h>
#include <green/base/time.h>
#include <green/hub/loop.h>

#include <memory>

namespace green {

class hub;

namespace detail {
loop& loop_of(hub& h) noexcept;
}  // namespace detail

// A callback that has been given to call_after(). Dropping the handle does not cancel it.
class timer_handle {
  public:
    timer_handle() = default;
    // The callback will not be called any more; no-op when it was. On the hub's own thread.
    void cancel() noexcept;

  private:
    friend class hub;
    struct state;
    std::weak_ptr<state> state_;
};

// The hub of a thread. It comes to life the first time something on that thread needs it. Example, for a thread that
// wants something done on another:
//
//     green::hub& home = green::hub::current();
//     std::thread([&home] { home.call_soon([] { std::puts("on the first thread"); }); }).join();
//
// A reference to it stays good when its thread has ended. From then on it takes nothing more from other threads, until
// it serves a later thread, as its hub.
//
// No member parks.
class hub : private detail::loop {
  public:
    // The calling thread's hub, created when there is none yet. Throws std::system_error when no descriptor is
    // left for its epoll and eventfd.
    static hub& current();
    // The calling thread's hub, or null.
    static hub* current_or_null() noexcept;

    // Calls f() on this hub's own context, behind what is ready already. From any thread. f must not park; what
    // it throws is reported on standard error and dropped. False when the hub's thread has ended: then f is destroyed
    // uncalled. What it has taken it calls, also while its thread is about to end.
    bool call_soon(callback f);
    // Calls f() once, not before `d` has passed. On the hub's own thread.
    timer_handle call_after(duration d, callback f);

    // The present, read from the kernel.
    time_point now() noexcept { return loop::now(); }
    // The moment `d` from now. Exact for times below half a second. Reading the precise clock costs as much as four
    // switches, so for longer ones the coarse one decides (clock_gettime(2), CLOCK_MONOTONIC_COARSE), with a
    // hundred-and-twenty-eighth of `d` on top: late by at most a hundredth, and not early, unless the kernel's own
    // tick is late by more than that. What must never be early adds `d` to now().
    time_point deadline_after(duration d) noexcept { return loop::deadline_after(d); }

    // Between hold() and release() the hub waits even when nothing it knows of can wake it, because a foreign
    // thread has promised to; otherwise the main fiber would get would_block_forever. On the hub's own thread.
    void hold() noexcept { loop::hold(); }
    void release() noexcept { loop::release(); }

  private:
    friend detail::loop& detail::loop_of(hub& h) noexcept;
    friend struct hub_owner;
    hub() : loop(*this) {}
    ~hub() = default;
};

namespace detail {
// Registers what renews the hubs in the child of a fork, unless it is there already. Handlers that rely on it
// (pthread_atfork(3)) are registered later.
void follow_forks() noexcept;

inline loop& loop_of(hub& h) noexcept {
    return h;
}

inline void waiter::wake_at_home() noexcept {
    loop_of(*home_).make_ready(*this);
}

inline void waiter::wake() noexcept {
    if (home_ == current_hub) [[likely]]
        wake_at_home();
    else
        (void)loop_of(*home_).schedule(*this);  // refused: it was given up with its thread
}

// Wakes waiters that were chosen under a lock, after it was released.
inline void wake_all(intrusive_list<wait_node>& chosen) noexcept {
    while (!chosen.empty()) chosen.pop_front().owner->wake();
}
}  // namespace detail

}  // namespace green

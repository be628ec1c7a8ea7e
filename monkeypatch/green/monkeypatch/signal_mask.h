// SPDX-License-Identifier: BSL-1.0
// Signal masks of calls that wait. The mask is the thread's, and many fibers run on it:
//
//     ppoll(2), sigsuspend(2) and their like     theirs is in force while the hub waits in the kernel, and only then; whoever runs
//                                                meanwhile has, saves and restores the program's own
//     system(3)                                  SIGCHLD is blocked until it ends; the program does not see it
#pragma once

#include <green/hub/poller.h>

#include <signal.h>

namespace green::monkeypatch::detail {

// While it lives, `mask` is that of a call that is parked, or is about to be; null: it has none. Of several that are parked at a
// time, a signal comes in that one of them lets in.
class mask_while_parked {
  public:
    mask_while_parked(green::detail::poller& poller, const sigset_t* mask) noexcept;
    ~mask_while_parked();
    mask_while_parked(const mask_while_parked&) = delete;
    mask_while_parked& operator=(const mask_while_parked&) = delete;

  private:
    static void combine(green::detail::poller& poller) noexcept;
    static constinit thread_local mask_while_parked* newest;

    green::detail::poller& poller_;
    const sigset_t* mask_;
    mask_while_parked* next_ = nullptr;
    mask_while_parked** link_ = nullptr;
};

// Of the calling thread. The program sees SIGCHLD as it would be without this. Counted.
void hold_child_signal() noexcept;
void release_child_signal() noexcept;
// In the child of a fork: released, however often it was held.
void forget_held_child_signal() noexcept;

}  // namespace green::monkeypatch::detail

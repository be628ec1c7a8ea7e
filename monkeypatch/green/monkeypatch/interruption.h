// SPDX-License-Identifier: BSL-1.0
// EINTR: a signal handler that has run on a hub's thread ends a patched call that is parked there, as it would have
// ended the blocking call (signal(7), "Interruption of system calls"). One handler ends one call: one whose own mask
// lets the signal in (ppoll(2)), else the main fiber's, and when that is in none, the one that parked last.
//
// The mask of such a call is in force while the hub waits in the kernel, and only then: whoever runs meanwhile has, saves
// and restores the program's own. Of several that are parked at a time, a signal comes in that one of them lets in.
//
//     trampoline (signal.cpp)     in the handler's place: remembers that it ran, asks the hub, calls the handler
//     postpone                    the handler jumps out of itself (longjmp(3)), but stands on the hub's stack
//     interrupt_one               on the hub's own context: wakes whom it has chosen
//     interruptible_wait          finds that it was not its operation that woke it
#pragma once

#include <green/fiber/park.h>
#include <green/monkeypatch/parked_call.h>

#include <setjmp.h>
#include <signal.h>

namespace green::monkeypatch::detail {

// Whether handlers installed with SA_RESTART let the call go on: true for transfers without a time limit, false for
// sleeps and for poll(2) and its like.
enum class restarts : bool { no, yes };

// How many handlers have run on this thread, modulo 2^32.
unsigned handlers_run() noexcept;

// A longjmp(3) by libc's function of whatever name.
struct jump {
    void (*by)(__jmp_buf_tag* to, int value) = nullptr;
    __jmp_buf_tag* to = nullptr;
    int value = 0;

    [[noreturn]] void make() const noexcept {
        by(to, value);
        __builtin_unreachable();
    }
};

// How a signal handler has ended a wait.
struct interruption {
    bool happened = false;
    jump goes_to;

    // Last, when nothing is left that a destructor would have to undo: goes where the handler has jumped to.
    void jump_if_asked() const noexcept {
        if (goes_to.by) [[unlikely]] goes_to.make();
    }
};

// One parked call, in the list of those of its thread.
class interruptible {
  public:
    interruptible(green::detail::scheduler& s, restarts how, const sigset_t* mask) noexcept
        : scheduler_(s), who_(s.running()), next_(newest), mask_(mask), handlers_before_(handlers_run()), how_(how) {
        if (next_) next_->link_ = &next_;
        newest = this;
        if (mask_) combine_masks(scheduler_);
    }
    ~interruptible() {
        *link_ = next_;
        if (next_) next_->link_ = link_;
        if (mask_) combine_masks(scheduler_);
    }
    interruptible(const interruptible&) = delete;
    interruptible& operator=(const interruptible&) = delete;

    const interruption& end() const noexcept { return end_; }

  private:
    friend void interrupt_one(green::detail::runnable&) noexcept;
    friend void note_handler(int signal_number, bool with_restart) noexcept;
    friend bool postpone(const jump& there) noexcept;
    static void combine_masks(green::detail::scheduler& s) noexcept;
    [[gnu::tls_model("initial-exec")]] static thread_local constinit interruptible* newest;

    green::detail::scheduler& scheduler_;
    green::detail::control& who_;
    interruptible* next_;  // parked before it
    interruptible** link_ = &newest;
    const sigset_t* mask_;      // of its own, or null
    unsigned handlers_before_;  // one that ran before it began ends another call, or none
    restarts how_;
    interruption end_;
};

// Puts the trampoline before the handlers that the program has already. (signal.cpp)
void take_over_handlers() noexcept;

// From a signal handler: one has run on this thread.
void note_handler(int signal_number, bool with_restart) noexcept;

// From a signal handler that is to be left by that jump: whether a parked call will make it, because the handler stands on
// the hub's stack. That is the call of the fiber on whose stack the place lies, and if it lies on none, the one that a
// handler would interrupt.
bool postpone(const jump& there) noexcept;

// wait_without_throwing(), but `interrupted` says that a signal handler has ended it; then the outcome means nothing. A call
// with a mask of its own waits for signals as much as for anything else: one that the mask lets in is for it.
template <class Operation>
green::detail::outcome interruptible_wait(green::detail::scheduler& s, Operation&& op, time_point deadline,
                                          waiting_call& call, restarts how, interruption& interrupted,
                                          const sigset_t* mask = nullptr) noexcept {
    interruptible wait(s, how, mask);
    counted_park parked(call);
    const bool has_no_end = deadline == never;  // but a signal may come though nothing else can
    if (has_no_end) s.loop().hold();
    const auto result = wait_without_throwing(op, deadline);
    if (has_no_end) s.loop().release();
    interrupted = wait.end();
    return result;
}

}  // namespace green::monkeypatch::detail

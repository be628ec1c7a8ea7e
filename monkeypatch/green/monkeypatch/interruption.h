// SPDX-License-Identifier: BSL-1.0
// EINTR: a signal handler that has run on a hub's thread ends a patched call that is parked there, as it would have
// ended the blocking call (signal(7), "Interruption of system calls"). One handler ends one call: the main fiber's, and
// when that is in none, the one that parked last.
//
//     trampoline (signal.cpp)     in the handler's place: remembers that it ran, asks the hub, calls the handler
//     interrupt_one               on the hub's own context: wakes whom it has chosen
//     interruptible_wait          finds that it was not its operation that woke it
#pragma once

#include <green/fiber/park.h>
#include <green/monkeypatch/parked_call.h>

namespace green::monkeypatch::detail {

// Whether handlers installed with SA_RESTART let the call go on: true for transfers without a time limit, false for
// sleeps and for poll(2) and its like.
enum class restarts : bool { no, yes };

// How many handlers have run on this thread, modulo 2^32. A call that lets signals in before it waits compares, so that
// none is missed.
unsigned handlers_run() noexcept;

// One parked call, in the list of those of its thread.
class interruptible {
  public:
    interruptible(green::detail::control& who, restarts how) noexcept
        : who_(who), next_(newest), handlers_before_(handlers_run()), how_(how) {
        if (next_) next_->link_ = &next_;
        newest = this;
    }
    ~interruptible() {
        *link_ = next_;
        if (next_) next_->link_ = link_;
    }
    interruptible(const interruptible&) = delete;
    interruptible& operator=(const interruptible&) = delete;

    bool interrupted() const noexcept { return interrupted_; }

  private:
    friend void interrupt_one(green::detail::runnable&) noexcept;
    friend void note_handler(bool with_restart) noexcept;
    [[gnu::tls_model("initial-exec")]] static thread_local constinit interruptible* newest;

    green::detail::control& who_;
    interruptible* next_;  // parked before it
    interruptible** link_ = &newest;
    unsigned handlers_before_;  // one that ran before it began ends another call, or none
    restarts how_;
    bool interrupted_ = false;
};

// Puts the trampoline before the handlers that the program has already. (signal.cpp)
void take_over_handlers() noexcept;

// From a signal handler: one has run on this thread.
void note_handler(bool with_restart) noexcept;

// wait_without_throwing(), but `interrupted` says that a signal handler has ended it; then the outcome means nothing. One
// that has run since there were `*handlers_before` ends it at once.
template <class Operation>
green::detail::outcome interruptible_wait(green::detail::scheduler& s, Operation&& op, time_point deadline,
                                          waiting_call& call, restarts how, bool& interrupted,
                                          const unsigned* handlers_before = nullptr) noexcept {
    interruptible wait(s.running(), how);
    if (handlers_before && *handlers_before != handlers_run()) {
        interrupted = true;
        return green::detail::outcome::ready;
    }
    counted_park parked(call);
    const auto result = wait_without_throwing(op, deadline);
    interrupted = wait.interrupted();
    return result;
}

}  // namespace green::monkeypatch::detail

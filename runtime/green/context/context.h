// SPDX-License-Identifier: BSL-1.0
// One suspended flow of control: where its stack stands, and the thread-wide words that belong to it.
//
// Exception state and errno belong to the flow, not to the thread: a switch inside a `catch` block must not mix
// two flows' chains of caught exceptions. The C++ runtime keeps two words per thread (__cxa_get_globals()); whoever
// leaves keeps them, and lays down those of whom he leaves for. Here, and only here. Debian's Boost.Context does not
// do it.
#pragma once

#include <green/context/jump.h>
#include <green/context/sanitizers.h>
#include <green/context/stack.h>

namespace green::detail {

class context;

// __cxa_eh_globals of the Itanium C++ ABI, section 2.2.2: the caught-exception chain and the number of
// exceptions in flight.
struct exception_state {
    void* caught;
    unsigned in_flight;
};

// The addresses of one thread's words, looked up once per thread because flows never change threads.
struct thread_words {
    exception_state* exceptions = nullptr;
    int* error_number = nullptr;
    context* arriving = nullptr;  // whom the jump under way leads to; read by a flow that starts

    // Makes it describe the calling thread, whose flows start with it from now on.
    void look_up() noexcept;
};

class context {
  public:
    context() = default;
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    // Describes the calling thread's own flow, which is running.
    void adopt_native() noexcept { shadow_.begin_native(); }
    // From now on this flow stands on the stack that `other` describes, where the processor is, or is about to jump.
    [[gnu::always_inline]] void stand_on(const context& other) noexcept { shadow_ = other.shadow_; }

    // What a flow runs. It returns the flow to resume when it has ended; by then its own context object and its
    // stack may have been given back: nothing of them is used any more but the frames it returns through.
    using function = context& (*)(void* argument) noexcept;

    // Makes this, which was not used before, a flow that calls entry(argument) on the stack below `top` at its first
    // switch.
    void prepare(const stack& where, void* top, function entry, void* argument) noexcept;

    // Suspends this running flow and resumes `to`. Returns when somebody switches back to this one.
    [[gnu::always_inline]] void switch_to(context& to, thread_words& words) noexcept {
        hand_over(to, words);
        jump_to(to);
    }
    // Its two parts. The first may be a call, and nothing that looks at the words may come between. The second is inlined
    // into whoever switches.
    void hand_over(context& to, thread_words& words) noexcept;
    template <red_zone Below = red_zone::skipped>
    [[gnu::always_inline]] void jump_to(context& to) noexcept;

    // Forgets a flow that was prepared and never ran, or never will again.
    void retire() noexcept { shadow_.end(); }

    // Runs visit(argument) on the stack of this suspended flow, as if it had called it, and comes back.
    // `visitor` is the running flow. `visit` must not switch or throw.
    void visit(context& visitor, void (*visit)(void*), void* argument) noexcept;

    void* suspended_at() const noexcept { return suspended_at_; }
    // While suspended: whether an exception is on its way through its frames.
    bool unwinding() const noexcept { return exceptions_.in_flight > 0; }

  private:
    friend transfer run_flow(transfer arrived) noexcept;
    static transfer run_visit(transfer arrived) noexcept;
    void take_up(thread_words& words) noexcept;

    void* suspended_at_ = nullptr;  // valid while suspended
    exception_state exceptions_{};
    int error_number_ = 0;
    function entry_ = nullptr;
    void* argument_ = nullptr;
    [[no_unique_address]] stack_shadow shadow_;
};

// The first frame of every flow; see context.cpp.
extern "C" void green_first_frame(transfer);

inline void context::prepare(const stack& where, void* top, function entry, void* argument) noexcept {
    auto usable_bytes = static_cast<std::byte*>(top) - where.bottom;
    suspended_at_ = make_fcontext(top, static_cast<unsigned long>(usable_bytes), green_first_frame);
    entry_ = entry;
    argument_ = argument;
    shadow_.begin(where.bottom, where.size_bytes);
}

inline void context::take_up(thread_words& words) noexcept {
    *words.exceptions = exceptions_;
    *words.error_number = error_number_;
    words.arriving = this;
}

inline void context::hand_over(context& to, thread_words& words) noexcept {
    exceptions_ = *words.exceptions;
    error_number_ = *words.error_number;
    to.take_up(words);
}

template <red_zone Below>
inline void context::jump_to(context& to) noexcept {
    stack_shadow::leave(shadow_, to.shadow_, false);
    transfer arrived = jump<Below>(to.suspended_at_, this);
    static_cast<context*>(arrived.data)->suspended_at_ = arrived.suspended_at;
    shadow_.arrive();
}

}  // namespace green::detail

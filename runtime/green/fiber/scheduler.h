// SPDX-License-Identifier: BSL-1.0
// One thread's fibers: who is running, the hub's own context, the stacks and the control blocks.
#pragma once

#include <green/context/context.h>
#include <green/context/stack.h>
#include <green/fiber/control.h>
#include <green/fiber/slab.h>
#include <green/hub/hub.h>

#include <string>

namespace green::detail {

// Reached through hub -> upper, and through a thread-local pointer on the hot path. Lives as long as its hub.
//
// A fiber that parks switches straight to the next ready fiber. The hub's own context (a context like any other,
// described by a control block that is marked is_hub) gets the processor only when nothing is ready, when the
// next ready thing is no fiber, or when the kernel should be asked again.
class scheduler {
  public:
    // The calling thread's, created with its hub when there is none yet.
    static scheduler& current() {
        scheduler* s = of_this_thread;
        return s ? *s : create();
    }
    static scheduler* current_or_null() noexcept { return of_this_thread; }

    control& running() noexcept { return *running_; }
    control& main() noexcept { return *main_; }
    hub& home() noexcept { return hub_; }
    green::detail::loop& loop() noexcept { return loop_; }

    // Suspends the running fiber, whose waiter has begun its wait and is known to whoever will wake it, until it
    // is woken, `deadline` passes, or it is cancelled; undoes every registration of its own. Parks. Never throws.
    [[gnu::always_inline]] outcome suspend(control& self, time_point deadline) noexcept {
        const bool is_limited = self.inside() || deadline != never;
        if (is_limited) deadline = set_limits(self, deadline);
        travel(depart(self));
        return is_limited ? undo_limits(self, deadline) : self.result();
    }

    // Puts the running fiber behind all that is ready, then looks at the deadlines in force. Throws cancellation.
    [[gnu::always_inline]] static void yield() {
        const departure way = begin_yield();
        travel(way);
        if (way.from->may_be_cancelled()) [[unlikely]] end_limited_yield(*way.from);
    }
    // The same without looking at cancellations.
    void yield_and_expire_scopes(control& self) noexcept;

    // A control block with a stack, whose top keeps `callable_bytes` for the callable. Throws
    // std::invalid_argument, std::system_error (ENOMEM) or std::bad_alloc.
    control& create_fiber(control::carrier carry, std::size_t stack_bytes, std::size_t callable_bytes,
                          std::size_t callable_alignment);
    // Undoes create_fiber() for a fiber that was not started.
    void destroy_unstarted(control& fiber) noexcept;
    // Makes a created fiber ready. `eagerly`: gives it the processor at once, unless nobody can be suspended here; the
    // running fiber goes on before all that is ready.
    void start(control& fiber, bool eagerly) noexcept {
        if (eagerly)
            start_eagerly(fiber);
        else
            loop_.make_ready(fiber);
    }

    // A block for a fiber of another thread's hub, from any thread, and its start over there. It gets its stack
    // when it arrives; when there is none to be had, or that thread has ended, it ends with that error.
    static control& create_for(hub& target, control::carrier carry, std::size_t stack_bytes);
    static void start_remotely(control& fiber) noexcept;

    // A block whose last reference has gone. Any thread.
    static void free_block(control& fiber) noexcept {
        if (fiber.on_slab && current_hub == &fiber.home()) [[likely]]
            of(fiber.home()).reclaim(fiber);
        else
            free_elsewhere(fiber);
    }

    // The last act of a fiber: gives back what it holds and says who goes on. Compiled into control::entry().
    [[gnu::always_inline]] context& end_running(control& self) noexcept;
    void resume_from_hub(control& fiber) noexcept;

    // Calls visit(agent) for every fiber and task of this thread that has not ended, the main fiber first.
    template <class Visit>
    void for_each_agent(Visit&& visit) {
        visit(*main_);
        for_each_spawned(visit);
        loop_.listed.for_each(visit);
    }
    // The same for every fiber but the main one.
    template <class Visit>
    void for_each_spawned(Visit&& visit) {
        slab_.for_each([&](control& c) {
            if (!c.ended()) visit(c);
        });
    }
    // Control blocks, also of ended fibers that handles still name; looks at all, for tests.
    std::size_t block_count() {
        reclaim_returned();
        return slab_.count();
    }
    // A line per parked fiber or task: its name and what it waits for.
    std::string list_parked();
    stack_pool& stacks() noexcept { return stacks_; }

    // The running fiber goes on on another greenlet's stack, until somebody switches back to this one.
    [[gnu::always_inline]] void change_greenlet(greenlet_block& from, greenlet_block& to) noexcept {
        running_->greenlet = &to;
        running_->flow.stand_on(to.flow);
        from.flow.switch_to(to.flow, words_);
    }
    greenlet_registry& greenlets() noexcept { return greenlets_; }

    // Runs call(argument) on the stack of a suspended fiber of this thread.
    void visit(control& suspended, void (*call)(void*), void* argument) noexcept {
        suspended.flow.visit(running_->flow, call, argument);
    }

    // The thread ends: unwinds every fiber that is still suspended, and closes the mailbox. False when fibers had to
    // stay as they are, because one of them has called exit().
    bool retire() noexcept;
    // In the child of a fork: forgets every fiber and task but the running one, which is the root from then on.
    void forget_others() noexcept;

    // What the hub asks for (hub_hooks).
    static bool on_stuck(hub& h) noexcept;
    static duration on_idle(hub& h) noexcept;
    static bool on_retire(hub& h) noexcept;
    static void on_fork(hub& h) noexcept;

  private:
    explicit scheduler(hub& home);
    static scheduler& create();
    static scheduler& of(hub& h) noexcept { return *static_cast<scheduler*>(loop_of(h).upper); }
    void take_over_thread();

    // While one fiber of a long queue makes its system calls, the stack lines that the next ones will need come in:
    // between two turns of a fiber the kernel has used up the caches. What a prefetch itself waits for is the page
    // table, because each stack is a page of its own; so they are made in bursts, whose walks go on side by side.
    void prefetch_burst(const runnable& first) noexcept;

    void start_eagerly(control& fiber) noexcept;

    // Who stops running, and who runs instead: null when the first goes on.
    struct departure {
        control* from;
        context* to;
    };
    // The jump between what is done before it and what is done after it. These are calls, while the jump is inlined into
    // each way to wait, and where that is short (a queue's, a semaphore's) into the user's function. For the processor
    // expects a return to lead to where the last call came from, and behind a jump that was another fiber's: each return
    // that is made there, until the fiber is in its own loop again, is mispredicted unless all fibers wait in the same
    // place. One costs more than a switch. Nor may the way to the next fiber depend on what is on this one's stack, such
    // as a register that a loop has kept: with many fibers that is far away.
    template <red_zone Below = red_zone::empty>  // because the way there has been a call
    [[gnu::always_inline]] static void travel(departure way) noexcept {
        if (way.to) [[likely]] way.from->flow.jump_to<Below>(*way.to);
    }
    // Before it: chooses who is next, and hands over what belongs to the running flow.
    [[gnu::noinline]] departure depart(control& self) noexcept;
    // The same for a yield, with a look for a cancellation; and what comes after that of one that may be cancelled.
    [[gnu::noinline]] static departure begin_yield();
    static void end_limited_yield(control& self);
    // enter_parking() and leave_parking(), around the wait of one with a deadline or inside scopes.
    static time_point set_limits(control& self, time_point deadline) noexcept;
    static outcome undo_limits(control& self, time_point deadline) noexcept;

    // What the ways to depart consist of. Those that are seldom needed are calls, and made last.
    departure go_behind(control& self) noexcept;
    departure leave_for(control& self, control& next) noexcept {
        __builtin_prefetch(next.next);
        set_running(next);
        self.flow.hand_over(next.flow, words_);
        return {&self, &next.flow};
    }
    static departure stay(control& self) noexcept { return {&self, nullptr}; }
    [[gnu::noinline]] departure depart_with_care(control& self) noexcept;
    [[gnu::noinline]] departure go_behind_by_hub(control& self) noexcept;
    [[gnu::noinline, gnu::cold]] static departure begin_first_yield();
    [[gnu::noinline]] departure begin_limited_yield(control& self);
    control& next_to_run() noexcept {
        green::detail::loop& loop = loop_;
        runnable& next = loop.front();
        if (!is_fiber(next) || loop.turn_is_up()) [[unlikely]] return hub_control_;
        loop.pop(next);
        return static_cast<control&>(next);
    }
    static bool is_fiber(const runnable& item) noexcept { return item.run == &control::resume; }

    void set_running(control& next) noexcept {
        running_ = &next;
        current_agent = &next;
    }
    static void adopt(runnable& self) noexcept;
    void reclaim(control& fiber) noexcept {
        fiber.~control();
        slab_.deallocate(&fiber);
    }
    static void free_elsewhere(control& fiber) noexcept;
    void reclaim_returned() noexcept;
    void run_out(time_point limit) noexcept;
    void leave_thread() noexcept;
    void end_main() noexcept;
    void abandon(agent& who) noexcept;
    void abandon_others() noexcept;

    [[gnu::tls_model("initial-exec")]] static thread_local constinit scheduler* of_this_thread;

    control* running_ = nullptr;  // whose stack is in use; current_agent may be a task that the hub's own context runs
    green::detail::loop& loop_;
    thread_words words_;
    hub& hub_;
    unsigned prefetched_ = 0;  // so many of the next fibers' stacks have been asked for
    bool retiring_ = false;
    control hub_control_;
    control* main_ = nullptr;  // the thread's own stack
    agent* root_ = nullptr;    // with whose function the program ends: main, or in the child of a fork who forked
    stack_pool stacks_;
    slab<control> slab_;
    std::atomic<runnable*> returned_{nullptr};  // blocks that other threads were the last to name; any thread
    greenlet_registry greenlets_;
    time_point next_trim_{};
};

inline context& scheduler::end_running(control& self) noexcept {
    if (self.list_hook<home_tag>::linked()) self.list_hook<home_tag>::unlink();
    const stack where = self.where;
    const bool forgotten = self.let_go();  // runs the last destructors of its own
    loop_.agent_ended();
    // From here on this code runs on a stack that is already given back: nothing below may spawn or park.
    stacks_.release(where);
    if (forgotten) free_block(self);
    control& next = next_to_run();
    set_running(next);
    return next.flow;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What a fiber and a stackless task have in common: one line of execution that waits, is cancelled, and ends.
#pragma once

#include <green/base/reference_count.h>
#include <green/base/spin_lock.h>
#include <green/base/unique_id.h>
#include <green/hub/links.h>
#include <green/hub/locals.h>
#include <green/hub/scope.h>
#include <green/hub/waiter.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace green::detail {

class agent;

// What the two models do differently. One table per model.
struct agent_model {
    const char* noun;       // "fiber"
    const char* join_call;  // what a wait for its end is called: "fiber::join"
    // What it was started with: the type of a callable, as the compiler mangles it, or the name of a coroutine. Null
    // when that is not known.
    const char* (*origin)(agent& self) noexcept = nullptr;
    // Gives up the processor until the wait is settled, the agent's stack staying as it is. Null for one that has no
    // stack of its own: it returns to whoever resumed it.
    outcome (*park)(agent& self, time_point deadline) noexcept;
    // Puts it behind all that is ready, and returns when it runs again. Null with `park`.
    void (*yield)(agent& self) noexcept;
    // Throws whatever a wait must throw now; returns when there is nothing. `call` names the wait.
    void (*throw_if_cancelled)(agent& self, const char* call);
    // While suspended: whether an exception is on its way through its frames.
    bool (*unwinding)(const agent& self) noexcept;
    // Whether its code was called by such frames on another stack. Asked only when it has_several_stacks.
    bool (*called_while_unwinding)(const agent& self) noexcept = nullptr;
    // The last reference has gone: discards the error, and what else is left. Any thread.
    void (*release)(agent& self) noexcept;
};

// A lock that an agent owns; told when that agent ends without giving it up.
struct held_lock : list_hook<> {
    virtual void owner_ended() noexcept = 0;

  protected:
    ~held_lock() = default;
};

// What few agents have: a name, local values, links; of a task that failed, what it was.
struct agent_extras {
    const char* origin = nullptr;
    std::unique_ptr<std::string> given_name;
    std::unique_ptr<local_values> locals;
    std::unique_ptr<link_list> links;
};

struct home_tag;

// The part of an agent that a switch does not look at. The hook is in the list of its loop (loop::listed).
struct agent_record : list_hook<home_tag> {
    explicit agent_record(const agent_model& kind) noexcept : model(kind) {}
    ~agent_record() {
        if (extras) delete_extras();
    }

    const agent_model& model;
    std::exception_ptr error;  // has_pending: what waits to be thrown, null for fiber_exit; after the end, its error
    intrusive_list<held_lock> held_locks;
    std::uint64_t id = unique_id<agent>();  // never used twice in a process
    std::int64_t born_coarse_ns = 0;
    wait_queue joiners;
    std::atomic<agent_extras*> extras{nullptr};  // null until it has one of them
    reference_count references{2};  // its hub's own until the end, and that of the first handle
    std::uint32_t failed_as = 0;  // valid after an end with an error: its number among all such; wraps around
    mutable spin_lock end_lock;   // any thread; guards `joiners`, links, and the given name but for its own thread
    std::atomic<bool> has_ended{false};
    bool ending = false;         // past its function: destroying what it owns
    bool has_result = false;
    bool ended_by_exit = false;  // valid after the end: no result and no error
    bool ends_process = false;   // in the child of a fork: who forked, when that was not the main fiber
    std::atomic<bool> error_taken{false};

  private:
    void delete_extras() noexcept;
};

// One line of execution on a hub (the C++ standard's "execution agent"): a fiber, or a stackless task with all that
// it awaits. Only the home hub's thread touches it, except for what is marked "any thread".
class agent : public agent_record, public waiter {
  public:
    // Reasons to look closer before a wait.
    enum attention_bits : std::uint8_t {
        is_hub = 1,         // the hub's own context: must not park
        has_pending = 2,    // an exception waits to be thrown
        shutting_down = 4,  // the thread ends: no wait is granted any more, unless it insists
        is_stuck = 8,       // the root fiber, which nothing can wake
        in_scope = 16,      // it is inside a cancel scope
    };

    // False: neither this nor the next wait needs a closer look.
    bool may_be_cancelled() const noexcept { return attention; }
    bool needs_attention() const noexcept { return attention && (attention != in_scope || inside_->cancelled()); }
    // Neither kill nor scope may end its waits: it is ending, or running destructors of an unwound stack.
    bool must_finish_waits() const noexcept;
    // Throws the kill or the cancellation that is due; returns when there is none.
    void throw_request();
    // Whether a wait that began now would be cut short.
    bool must_give_up() const noexcept;
    // Whether every wait fails from here on, so that one that goes on trying must not keep the processor.
    bool is_refused_for_good() const noexcept { return in_cancelled_scope() || is_refused_by_thread(); }

    // Any thread. Made by whoever needs them first; throws std::bad_alloc.
    agent_extras& needed_extras();
    // On its own thread: null when it has none.
    local_values* locals() const noexcept {
        const agent_extras* e = extras.load(std::memory_order_relaxed);
        return e ? e->locals.get() : nullptr;
    }
    // The same, made when it has none.
    local_values& needed_locals();
    // At its end. Destroys them, where destructors may park.
    void drop_locals() noexcept {
        if (agent_extras* e = extras.load(std::memory_order_relaxed)) [[unlikely]] e->locals.reset();
    }
    // Before it starts: what was made for it.
    void provide(std::unique_ptr<agent_extras> made) noexcept {
        extras.store(made.release(), std::memory_order_release);
    }

    // Arranges that `e` is thrown at the agent's present or next wait; an unstarted one ends by it. Null stands for
    // fiber_exit, which is made when it is thrown: killing frees memory, and must not need any for each victim, as
    // the standard library ends the process when it finds none for an exception. The first one wins until it is
    // thrown. No-op after the end. On the home hub.
    void raise(std::exception_ptr e) noexcept;
    // The same from any thread; thrown at once at the running agent itself.
    void raise_soon(std::exception_ptr e);

    // What has ended a wait of it, when it is not that which is thrown on: a kill is thrown once, so it strikes at the
    // next wait; a cancelled scope throws by itself, as long as it is not left.
    void put_back(const std::exception_ptr& interruption) noexcept;

    // At its start. Whether something waits to be thrown already; then it has ended by that, before it ran.
    bool is_over_at_start() noexcept {
        if (!(attention & has_pending)) [[likely]] return false;
        note_end(std::exchange(error, nullptr));
        return true;
    }
    // Notes that it ended by `e`, or normally when that is a cancellation. Not called: normally.
    void note_end(std::exception_ptr e) noexcept;
    [[noreturn]] void refuse_to_join_itself() const;
    // The error (no_such_process) of one that cannot run to its end because its thread is not there.
    std::exception_ptr lost(const char* why) const noexcept;
    static constexpr const char* never_ran = "never ran: the thread it was spawned for has ended";
    // Before it starts, on its hub's thread, which is ending: it ends by that error, and every wait fails.
    void came_too_late() noexcept;

    // --- any thread ---
    void add_reference() noexcept { references.add(); }
    void drop_reference() noexcept {
        if (references.drop()) model.release(*this);
    }
    bool ended() const noexcept { return has_ended.load(std::memory_order_acquire); }
    // The given name, or one with its number: "fiber-7".
    std::string name() const;
    // On the home hub.
    void set_name(std::string name);
    // Null when it has only a number. Async-signal-safe on the agent's own thread.
    const char* given_name_for_signal() const noexcept {
        const agent_extras* e = extras.load(std::memory_order_acquire);
        return e && e->given_name ? e->given_name->c_str() : nullptr;
    }
    // The error it ended with, or null; counts as taken, so that it is not reported.
    std::exception_ptr take_error() noexcept;
    // Says on standard error that it ended with an exception that nobody took.
    void report_untaken(const std::exception_ptr& e) noexcept;

    // The last steps: locks it still holds are marked as abandoned; joiners and links are told. What still waits to be
    // thrown came too late, and is dropped.
    void give_up_locks() noexcept;
    inline void publish_end() noexcept;  // defined in hub/ending.h
    // Instead, in the child of a fork, for one that is not there. Tells nobody: there is nobody either.
    void end_after_fork(const std::exception_ptr& why) noexcept;

    // --- what every switch needs; it follows the waiter, so that a wake touches few cache lines ---
    std::uint8_t attention = 0;
    std::atomic<bool> started{false};  // others than the home hub see it a moment old
    bool has_several_stacks = false;
    bool insists = false;  // its waits are granted though the thread ends (hub/uninterrupted.h)

    // The innermost cancel scope it is in; null when it is in none.
    scope* inside() const noexcept { return inside_; }
    void move_into(scope* innermost) noexcept {
        inside_ = innermost;
        attention = static_cast<std::uint8_t>(innermost ? attention | in_scope : attention & ~in_scope);
    }

  protected:
    agent(hub& home, const agent_model& kind, runnable::function turn) noexcept
        : agent_record(kind), waiter(home, turn) {}
    ~agent() = default;

    // Drops the error it ended with, and reports it first unless somebody has taken it.
    void discard_error() noexcept;

  private:
    scope* inside_ = nullptr;

    bool in_cancelled_scope() const noexcept { return inside_ && inside_->cancelled(); }
    bool is_refused_by_thread() const noexcept { return (attention & shutting_down) && !insists; }
    bool must_throw_pending() const noexcept;
    void settle_error() noexcept;
    [[noreturn]] void end_process() noexcept;
};

// Who runs on this thread: a fiber, a task, or the hub's own context. When the thread has no fibers yet, its main
// one comes to life. (Defined by the fiber room, because everybody's first agent is a main fiber.)
agent& running_agent();
// What an agent that is spawned here begins with: its name, and copies of the inheritable values of whoever runs.
// Whether there may be something; that, or null. Throws what the copying throws.
inline bool has_extras(const std::string& name) noexcept {
    return !name.empty() || (current_agent && current_agent->locals());
}
std::unique_ptr<agent_extras> make_extras(const std::string& name);
inline std::unique_ptr<agent_extras> extras_for(const std::string& name) {
    return has_extras(name) ? make_extras(name) : nullptr;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// A fiber's control block: everything the runtime knows of it, apart from its stack, so that lists, timers and
// dumps run over a million parked fibers without touching a cold stack page.
#pragma once

#include <green/base/reference_count.h>
#include <green/base/spin_lock.h>
#include <green/base/unique_id.h>
#include <green/context/context.h>
#include <green/fiber/links.h>
#include <green/fiber/local.h>
#include <green/hub/scope.h>
#include <green/hub/waiter.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace green::detail {

class scheduler;
struct foreign_tag;

// A lock that a fiber owns; told when that fiber ends without giving it up.
struct held_lock : list_hook<> {
    virtual void owner_ended() noexcept = 0;

  protected:
    ~held_lock() = default;
};

// Life of a fiber:
//
//     unstarted ---> running <---> parked (waiting()) or in the ready queue
//         |             |
//         `---- kill ---+--> ended: the stack is given back, the block stays for its handles
//
// Only the home hub's thread touches a control block, except for what is marked "any thread".
class control final : public waiter, public list_hook<foreign_tag> {
  public:
    // What is asked of the callable and the result that a fiber carries: one function per type knows them. `run`
    // leaves the callable to be discarded only when it throws.
    enum class request { run, discard_callable, discard_result };
    using carrier = void (*)(control&, request);

    // Reasons to look closer before a wait.
    enum attention_bits : std::uint8_t {
        is_hub = 1,         // the hub's own context: must not park
        has_pending = 2,    // an exception waits to be thrown
        shutting_down = 4,  // the thread ends: no wait is granted any more
        is_stuck = 8,       // the main fiber, which nothing can wake
    };

    control(hub& home, carrier carry) noexcept
        : waiter(home, &resume), carry(carry), id(unique_id<control>()) {}
    ~control() = default;

    // Lets the fiber go on, from the hub's own context; what the ready queue calls.
    static void resume(runnable& self) noexcept;
    // The first function on a fiber's stack.
    static context& entry(void* self) noexcept;

    bool needs_attention() const noexcept { return attention | (inside && inside->cancelled()); }
    // Throws whatever a wait must throw now; returns when there is nothing. `call` names the wait. Never throws
    // cancellation while the stack is being unwound or the fiber is ending: a destructor's waits run to their end.
    void throw_if_cancelled(const char* call);
    // Neither kill nor scope may end its waits: it is ending, or running destructors of an unwound stack.
    bool must_finish_waits() const noexcept;

    // Arranges that `e` is thrown at the fiber's present or next wait; an unstarted fiber ends by it. The first
    // one wins until it is thrown. No-op after the end. On the home hub.
    void raise(std::exception_ptr e) noexcept;

    // --- any thread ---
    void add_reference() noexcept { references_.add(); }
    void drop_reference() noexcept {
        if (references_.drop()) last_reference_dropped();
    }
    bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
    std::string name() const;
    void set_name(std::string name);
    // The given name, or "fiber" when it has only a number. Async-signal-safe on the fiber's own thread.
    const char* name_for_signal() const noexcept { return name_ ? name_->c_str() : "fiber"; }

    // --- fields; those that every switch needs lie in one cache line ---
    scope* inside = nullptr;     // the innermost cancel scope it is in
    std::uint8_t attention = 0;
    bool started = false;
    bool ending = false;         // past its function: destroying what it owns
    bool on_slab = false;
    bool has_result = false;
    bool ended_by_exit = false;  // valid after the end: no result and no error
    std::atomic<bool> error_taken{false};
    context flow;                // valid while suspended
    stack where{};               // from spawn to the end; a main fiber has none
    carrier carry;               // null for a main fiber
    void* callable = nullptr;    // null once discarded; at the top of the stack, or on the heap for a fiber spawned onto another hub
    std::exception_ptr pending;  // has_pending
    std::exception_ptr error;    // how it ended; written by the fiber before ended()
    std::unique_ptr<local_values> locals;
    intrusive_list<held_lock> held_locks;
    std::uint64_t id;            // never used twice in a process
    std::int64_t born_coarse_ns = 0;

    spin_lock end_lock;          // any thread; guards `joiners` and `links`
    wait_queue joiners;
    std::unique_ptr<link_list> links;

    alignas(std::max_align_t) std::byte result_storage[32];  // of a type that `carry` knows

    // The last steps of a fiber, also of a main one: locks it still holds are marked as abandoned; joiners and
    // links are told.
    void give_up_locks() noexcept;
    void publish_end() noexcept;

  private:
    [[gnu::always_inline]] inline void run_to_end() noexcept;
    void last_reference_dropped() noexcept;
    void report_unless_taken() noexcept;

    std::unique_ptr<std::string> name_;
    reference_count references_{2};  // the hub's own until the end, that of spawn()'s handle, one per copy
    std::atomic<bool> ended_{false};
};

}  // namespace green::detail

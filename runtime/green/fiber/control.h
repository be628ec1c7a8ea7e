// SPDX-License-Identifier: BSL-1.0
// A fiber's control block: everything the runtime knows of it, apart from its stack, so that lists, timers and
// dumps run over a million parked fibers without touching a cold stack page.
#pragma once

#include <green/context/context.h>
#include <green/fiber/greenlet_block.h>
#include <green/hub/agent.h>

#include <cstddef>
#include <utility>

namespace green::detail {

class control;

// It stands in front, so that the waiter and all that a switch needs begin on a cache line of their own.
struct control_front {
    // What is asked of the callable and the result that a fiber carries: one function per type knows them. `run`
    // leaves the callable to be discarded only when it throws.
    // The answer to `name_callable` is its type's mangled name, to all others null.
    enum class request { run, discard_callable, discard_result, name_callable };
    using carrier = const char* (*)(control&, request);

    explicit control_front(carrier of_callable) noexcept : carry(of_callable) {}
    carrier carry;  // null for a main fiber
    greenlet_block* greenlet = nullptr;  // on whose stack it stands; null until it uses greenlets
    bool on_slab = false;
    bool result_has_destructor = false;  // one that does something, and may park
};

// Life of a fiber:
//
//     unstarted ---> running <---> parked (waiting()) or in the ready queue
//         |             |
//         `---- kill ---+--> ended: the stack is given back, the block stays for its handles
class control final : public control_front, public agent {
  public:
    control(hub& home, carrier of_callable) noexcept
        : control_front(of_callable), agent(home, model_of_fibers, &resume) {}
    ~control() = default;

    // Lets the fiber go on, from the hub's own context; what the ready queue calls.
    static void resume(runnable& self) noexcept;
    // The first function on a fiber's stack.
    static context& entry(void* self) noexcept;

    // `has_try_form`: beside "queue::put" there is "queue::try_put", which never parks.
    void throw_if_cancelled(const char* call, bool has_try_form = false);

    // Ends one without a stack: because its hub has refused it, on the thread that would have sent it there, or for
    // lack of memory, on the hub's own context.
    void end_refused(std::exception_ptr why) noexcept;
    // Drops the fiber's own reference. When nobody else holds one, what its function left dies here, on its own stack,
    // where destructors may park; then true, and the block is the caller's to free. Else it may be gone already.
    bool let_go() noexcept;
    // Its root greenlet is dead for those who still name it.
    void end_greenlets() noexcept {
        if (greenlet) [[unlikely]] end_root_of(*std::exchange(greenlet, nullptr));
    }
    // Where its code is: its own stack, or that of a greenlet.
    const stack& present_stack() const noexcept { return greenlet ? greenlet->where : where; }

    // --- fields ---
    context flow;                // valid while suspended
    stack where{};               // from spawn to the end; a main fiber has none
    // Null once discarded; at the top of the stack, or on the heap for a fiber spawned onto another hub. Beside what a
    // switch needs, because prefetch_burst() asks for both.
    void* callable = nullptr;
    alignas(std::max_align_t) std::byte result_storage[32];  // of a type that `carry` knows

  private:
    static const agent_model model_of_fibers;
    [[gnu::always_inline]] inline void run_to_end() noexcept;
    void release() noexcept;
    void discard_outcome() noexcept;
    void discard_on_a_fiber() noexcept;
};

static_assert(sizeof(control_front) + sizeof(agent_record) == 128);

inline bool control::let_go() noexcept {
    end_greenlets();
    while (references.drop()) {
        if (!has_result && !error) return true;
        references.revive();  // what is destroyed may take a handle to the running fiber
        discard_outcome();
        end_greenlets();
    }
    return false;
}

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
// What the runtime knows of one greenlet: a flow with a stack of its own, and its place in the family tree.
//
// A fiber that uses greenlets stands on the stack of one of them (control::greenlet). From there the parents lead
// to its root greenlet, which is the fiber's own stack. That chain is *active*: it is where results and errors travel.
//
//     root greenlet of fiber "a"  <-- parent --  outer  <-- parent --  inner      the chain of "a", which runs `inner`
//                        ^
//                        `------- parent --  other (suspended)
//
// Cancel scopes belong to the stack that opened them. Those of an active greenlet hang below its parent's, so that a
// timeout of the consumer reaches into a generator; those of a suspended one hang on nothing (greenlet_family.cpp).
#pragma once

#include <green/base/function.h>
#include <green/base/intrusive_list.h>
#include <green/base/reference_count.h>
#include <green/context/context.h>
#include <green/context/stack.h>
#include <green/fiber/type_tag.h>
#include <green/hub/carried_scopes.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace green {
struct greenlet_trace;
}

namespace green::detail {

class agent;
class control;
class greenlet_block;
class scheduler;

// One thread's greenlets. Kept by its scheduler.
struct greenlet_registry {
    intrusive_list<greenlet_block> living;     // neither ended nor root
    intrusive_list<greenlet_block> abandoned;  // would not end; their stacks are lost
    std::shared_ptr<kept_function<void(const greenlet_trace&)>> tracer;
};

// How a switch brings what it brings.
enum class delivery : std::uint8_t {
    value,
    error,
    exit,  // somebody ended by greenlet_exit: no value
};

// Life of a greenlet:
//
//     unstarted ---> running <---> suspended
//         |             |
//         `-- thrown ---+--> ended: the stack is given back, the block stays for its handles and its children
//
// Only the home thread touches a block, except for what is marked "any thread".
class greenlet_block : public list_hook<> {
  public:
    // An unstarted one with a stack of its own, whose reference is the caller's. Throws as stack_pool::acquire() does,
    // and std::logic_error when `parent` is of another thread.
    greenlet_block(greenlet_block* parent, std::string name, std::size_t stack_bytes, const type_tag& takes,
                   const type_tag& gives);
    // The root of a fiber, which is running on its own stack.
    explicit greenlet_block(control& fiber);
    greenlet_block(const greenlet_block&) = delete;
    greenlet_block& operator=(const greenlet_block&) = delete;
    virtual ~greenlet_block();

    // The function and its result; one class per type knows them (fiber/greenlet.h). run() returns where its result
    // is; null when that is void.
    virtual void* run() { return nullptr; }
    virtual void discard_callable() noexcept {}
    virtual void discard_result() noexcept {}

    // The first function on a greenlet's stack.
    static context& entry(void* self) noexcept;

    // The running greenlet has no handle and no child any more: nobody can ever come back to it.
    bool forsaken() const noexcept { return references.count() == 1; }
    bool accepts(const type_tag& given) const noexcept { return !expects || *expects == given; }

    // --- any thread ---
    void add_reference() noexcept { references.add(); }
    // The last handle of a suspended greenlet unwinds it, now if this is its thread.
    void drop_reference() noexcept;
    std::string label() const;  // its name, or "greenlet-N"

    // --- fields; first those that every switch needs ---
    context flow;                       // valid while suspended
    greenlet_block* parent = nullptr;   // owned unless lent (set_parent(), lend_parent())
    const type_tag* expects;            // what its function, or its pending switch, takes; null: anything, or ended
    void* incoming = nullptr;           // valid on arrival: what was given, on the giver's stack or in its block
    bool unusual = false;               // on arrival: not just a value; see arrival below
    bool started = false;
    bool parent_is_lent = false;
    bool unwinding_for_good = false;    // dropped: its waits are beyond cancellation
    bool in_tracer = false;
    const bool root;
    std::atomic<bool> ended{false};     // any thread
    reference_count references{1};      // handles, children's links, and one of its own while started and not ended
    carried_scopes scopes;              // in force while active
    scheduler* const home;
    control* fiber = nullptr;           // of a root, until that fiber has ended
    stack where{};                      // from creation to the end; none for a main fiber's root
    const type_tag* const gives;
    const std::uint64_t id;             // never used twice in a process
    const std::string name;
    greenlet_block* below = nullptr;    // valid while enter_scopes() walks

    // What an unusual arrival brings.
    struct arrival {
        delivery how = delivery::value;
        std::exception_ptr error{};
        greenlet_block* ended = nullptr;        // whose end this is; its own reference comes along
        greenlet_block* left_behind = nullptr;  // forsaken, to be unwound
    } arrived;

  private:
    friend void end_unstarted(greenlet_block& one) noexcept;
    bool let_go() noexcept;
    void give_back_stack() noexcept;
};

// --- the running greenlet ---

// Of the running fiber, whose root is created at the first call. Throws std::logic_error in a hub callback or a
// coroutine.
greenlet_block& running_greenlet(const char* call);
// The fiber that stands at `present` ends: its root is dead for those who still name it.
void end_root_of(greenlet_block& present) noexcept;
// Whether the code at `present`, where a fiber stands, must be let finish its waits, because the greenlet is unwound
// for good, or has been called by frames of another one that are being unwound.
bool is_being_unwound(const greenlet_block& present) noexcept;

// --- the family tree; greenlet_family.cpp ---

// The nearest live one above; null when there is none.
greenlet_block* live_parent(const greenlet_block& of) noexcept;
// The root to which the live ones above lead; null when that fiber has ended, or for a suspended generator.
greenlet_block* root_of(greenlet_block& one) noexcept;
// Whether it is in the chain of the fiber it belongs to.
bool is_active(greenlet_block& one) noexcept;
// Throws std::logic_error, changing nothing, for a cycle, a root, another thread's, or one active in another fiber.
void set_parent(greenlet_block& child, greenlet_block& parent);
// The same without looking, for one that is not active.
void link_parent(greenlet_block& child, greenlet_block* parent) noexcept;
// The fiber goes from one greenlet of its family to another: the cancel scopes in force follow.
void move_scopes(control& fiber, greenlet_block& from, greenlet_block& to) noexcept;

// --- the end of the thread ---

// Spawns a fiber that unwinds all suspended greenlets of this thread; false when there is none.
bool unwind_greenlets(scheduler& s) noexcept;
// Those that would not end.
void abandon_greenlets(scheduler& s) noexcept;
// In the child of a fork: those of fibers that are gone are nobody's to unwind.
void forget_greenlets_of_others(scheduler& s, const agent& survivor) noexcept;

}  // namespace green::detail

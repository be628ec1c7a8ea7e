// SPDX-License-Identifier: BSL-1.0
#include <green/context/context.h>

#include <cerrno>
#include <cxxabi.h>

namespace green::detail {

namespace {

thread_local constinit thread_words* words_of_this_thread = nullptr;

struct visit_request {
    void (*visit)(void*);
    void* argument;
    context* visitor;
    context* visited;
};

}  // namespace

void thread_words::look_up() noexcept {
    *this = {reinterpret_cast<exception_state*>(abi::__cxa_get_globals()), &errno};
    words_of_this_thread = this;
}

// The life of a flow between its first jump and its last: returns what to jump to, and with what. Not instrumented:
// ThreadSanitizer counts calls per flow, and at the end this one returns on behalf of the next.
GREEN_UNCOUNTED transfer run_flow(transfer arrived) noexcept {
    thread_words& words = *words_of_this_thread;
    static_cast<context*>(arrived.data)->suspended_at_ = arrived.suspended_at;
    context& self = *words.arriving;
    self.shadow_.arrive();
    stack_shadow shadow = self.shadow_;  // `self` is gone at the end
    context& next = self.entry_(self.argument_);
    next.take_up(words);
    stack_shadow::leave(shadow, next.shadow_, true);
    // Whoever arrives notes where the one that left was suspended. Nobody will ask that of us, nor of `next`, which
    // is running by then: its own field takes the note.
    return {next.suspended_at_, &next};
}

// The first frame of every flow, and the only one left at its end, so that each call made on its stack has
// returned before the last jump: the return-address predictor is in step again for whoever goes on. It tells
// unwinders (the C++ runtime's, gdb's, perf's) that nothing is above it: its return address is undefined
// (DWARF 5, 6.4.2.3) and rbp is zero.
#if defined(__x86_64__)
extern "C" [[gnu::used, gnu::visibility("hidden")]] GREEN_UNCOUNTED transfer green_run_flow(transfer arrived) noexcept {
    return run_flow(arrived);
}
asm(R"(
    .text
    .p2align 4
    .globl green_first_frame
    .type green_first_frame, @function
green_first_frame:
    .cfi_startproc
    .cfi_undefined rip
    xorl %ebp, %ebp
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call green_run_flow
    movq %rax, %rdi
    movq %rdx, %rsi
    jmp *jump_fcontext@GOTPCREL(%rip)
    .cfi_endproc
    .size green_first_frame, .-green_first_frame
)");
#else
void green_first_frame(transfer arrived) {
    transfer last = run_flow(arrived);
    jump(last.suspended_at, last.data);
    __builtin_trap();
}
#endif

// The visited flow's frames as they are while visit() runs:
//
//      ... frames of the flow down to its switch_to()
//      run_visit            as if called by switch_to(); its return value is what that jump returns
//      visit(argument)
//
// run_visit leaves by a jump back to the visitor, so the flow stays suspended inside it. Whoever resumes the
// flow later ends that jump, and run_visit passes what arrived on to switch_to().
transfer context::run_visit(transfer arrived) noexcept {
    auto request = *static_cast<visit_request*>(arrived.data);
    request.visitor->suspended_at_ = arrived.suspended_at;
    request.visited->shadow_.arrive();
    request.visit(request.argument);
    stack_shadow::leave(request.visited->shadow_, request.visitor->shadow_, false);
    return jump(arrived.suspended_at, request.visited);
}

void context::visit(context& visitor, void (*visit)(void*), void* argument) noexcept {
    visit_request request{visit, argument, &visitor, this};
    stack_shadow::leave(visitor.shadow_, shadow_, false);
    transfer arrived = ontop_fcontext(suspended_at_, &request, run_visit);
    suspended_at_ = arrived.suspended_at;
    visitor.shadow_.arrive();
}

}  // namespace green::detail

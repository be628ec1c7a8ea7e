// SPDX-License-Identifier: BSL-1.0
// Boost.Context's jump_fcontext, entered so that the processor's return-address predictor stays in step.
//
// jump_fcontext leaves by an indirect jump. Entered with `call`, each switch would leave one stale entry in the
// predictor's stack, and the next `ret` is mispredicted: about 5 ns, as much as the switch itself. So on x86-64
// it is entered by a jump with a return address pushed by hand:
//
//      caller's frame
//      its red zone         skipped: the compiler may keep locals there
//      address of label 1   <- rsp on entering jump_fcontext, which resumes us there
//
// Functions that contain a jump are compiled with a frame pointer, so that an unwinder finds their caller
// although rsp is off by these up to 136 bytes. Elsewhere a plain call does.
#pragma once

namespace green::detail {

// What arrives with control: the stack pointer that the leaving side was suspended at, and what it passed.
struct transfer {
    void* suspended_at;
    void* data;
};

// Not extern "C": Boost declares them so, with its own types, and a program may include both.
transfer jump_fcontext(void* to, void* data) asm("jump_fcontext");
void* make_fcontext(void* stack_top, unsigned long size_bytes, void (*entry)(transfer)) asm("make_fcontext");
transfer ontop_fcontext(void* to, void* data, transfer (*on_top)(transfer)) asm("ontop_fcontext");

// The 128 bytes below the stack pointer, of the function that a jump is compiled into (System V ABI for AMD64, 3.2.2). One
// that makes a call has nothing there, and need not skip them, which takes as long as seven other instructions.
enum class red_zone { skipped, empty };

#if defined(__x86_64__)

// A function that has AVX-512 by an attribute of its own (gnu::target) must leave what switches to functions that it calls:
// GCC takes these names only where the whole translation unit has them.
#if defined(__AVX512F__)
#define GREEN_WIDE_REGISTERS                                                                                    \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",        \
        "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define GREEN_WIDE_REGISTERS
#endif

template <red_zone Below = red_zone::skipped>
[[gnu::always_inline]] inline transfer jump(void* to, void* data) noexcept {
    transfer result;
    asm volatile(
        ".if %c[skip]\n\t"
        "leaq -%c[skip](%%rsp), %%rsp\n\t"
        ".endif\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "jmp *jump_fcontext@GOTPCREL(%%rip)\n"
        "1:\n\t"
        ".if %c[skip]\n\t"
        "leaq %c[skip](%%rsp), %%rsp\n\t"
        ".endif"
        : "=a"(result.suspended_at), "=d"(result.data), "+D"(to), "+S"(data)
        : "X"(__builtin_frame_address(0)), [skip] "i"(Below == red_zone::skipped ? 128 : 0)
        : "rcx", "r8", "r9", "r10", "r11", "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
          "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
          "xmm11", "xmm12", "xmm13", "xmm14", "xmm15" GREEN_WIDE_REGISTERS);
    return result;
}

#else

template <red_zone = red_zone::skipped>
inline transfer jump(void* to, void* data) noexcept {
    return jump_fcontext(to, data);
}

#endif

}  // namespace green::detail

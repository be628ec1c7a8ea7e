// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace green::sys {

// Between two looks at what another processor will write: leaves its sibling and the bus alone for some ten nanoseconds.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

}  // namespace green::sys

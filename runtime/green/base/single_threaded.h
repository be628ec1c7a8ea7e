// SPDX-License-Identifier: BSL-1.0
// Whether the process has only ever had one thread, so that an atomic update may be a plain one.
#pragma once

#include <sys/single_threaded.h>

namespace green::detail {

// glibc clears the flag before a second thread can exist (__libc_single_threaded(3)); code that saw it set and
// creates no thread itself may rely on it until it returns.
inline bool single_threaded() noexcept {
    return __libc_single_threaded;
}

}  // namespace green::detail

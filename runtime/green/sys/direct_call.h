// SPDX-License-Identifier: BSL-1.0
// A system call without libc, and the two that are made for every request: in place, where the instruction spares all
// registers but three. The others are in sys/calls.h.
//
// Direct system calls are out of every interposer's reach. Sanitizers, though, learn about buffers and about what one
// thread tells another through a descriptor by interposing the same libc names, so their builds call those: they are
// never combined with the patch.
#pragma once

#include <green/sys/sanitizers.h>

#include <cerrno>
#include <cstddef>
#include <type_traits>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace green::sys {

// The result of a call of libc as the kernel has it.
inline ssize_t or_errno(ssize_t result) noexcept {
    return result < 0 ? -errno : result;
}

#if defined(__x86_64__)
template <class Argument>
long as_word(Argument value) noexcept {
    if constexpr (std::is_pointer_v<Argument> || std::is_null_pointer_v<Argument>)
        return reinterpret_cast<long>(value);
    else
        return static_cast<long>(value);
}
#endif

// syscall(2) without the call: the kernel's own calls are nested so deep that the processor has forgotten where those
// outside return to, and each `ret` after one is mispredicted. Returns what the kernel does, a negative errno for a
// failure.
template <class... Arguments>
[[gnu::always_inline]] inline long bare_call(long number, Arguments... arguments) noexcept {
#if defined(__x86_64__)
    const long values[6] = {as_word(arguments)...};
    register long fourth asm("r10") = values[3];
    register long fifth asm("r8") = values[4];
    register long sixth asm("r9") = values[5];
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(values[0]), "S"(values[1]), "d"(values[2]), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    return number;
#else
    return or_errno(::syscall(number, arguments...));
#endif
}

// The same with the result of syscall(2): -1 and errno for a failure.
template <class... Arguments>
[[gnu::always_inline]] inline long direct_call(long number, Arguments... arguments) noexcept {
    const long result = bare_call(number, arguments...);
    constexpr long largest_errno = 4095;
    if (result >= -largest_errno && result < 0) [[unlikely]] {
        errno = static_cast<int>(-result);
        return -1;
    }
    return result;
}

// recv(2) and send(2), but for a failure a negative errno.
inline ssize_t try_recv(int fd, void* buffer, std::size_t size_bytes, int flags) noexcept {
    if constexpr (with_sanitizer) return or_errno(::recv(fd, buffer, size_bytes, flags));
    return bare_call(SYS_recvfrom, fd, buffer, size_bytes, flags, nullptr, nullptr);
}
inline ssize_t try_send(int fd, const void* buffer, std::size_t size_bytes, int flags) noexcept {
    if constexpr (with_sanitizer) return or_errno(::send(fd, buffer, size_bytes, flags));
    return bare_call(SYS_sendto, fd, buffer, size_bytes, flags, nullptr, 0);
}

}  // namespace green::sys

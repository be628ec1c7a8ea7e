// SPDX-License-Identifier: BSL-1.0
// recvmsg(2), and what all calls that receive do when they want more than the first bytes that come: MSG_WAITALL, and
// SO_RCVLOWAT (socket(7)).
#pragma once

#include <green/fiber/scheduler.h>

#include <atomic>
#include <cstddef>

#include <sys/socket.h>

namespace green::monkeypatch::detail {

// Parks until there is something, or as much as the flags and the socket's mark want. `name` is that of the call.
ssize_t receive_message(green::detail::scheduler& s, int fd, msghdr* message, int flags, const char* name) noexcept;

// recvfrom(2), and all its forms with one buffer.
ssize_t receive_bytes(green::detail::scheduler& s, int fd, void* buffer, std::size_t size, int flags, sockaddr* from,
                      socklen_t* from_size, const char* name) noexcept;

// Whether anybody in this process has set SO_RCVLOWAT, on whichever socket. One that another process sets on a shared
// socket is not seen.
extern constinit std::atomic<bool> low_mark_was_set;
inline bool low_marks_may_be_set() noexcept {
    return low_mark_was_set.load(std::memory_order_relaxed);
}
// After a setsockopt(2) of SOL_SOCKET.
void note_low_mark_set(int name) noexcept;

}  // namespace green::monkeypatch::detail

// SPDX-License-Identifier: BSL-1.0
// SO_RCVTIMEO and SO_SNDTIMEO. That a socket has none is remembered until anybody in this process sets one, on whichever
// descriptor: dups share them.
#pragma once

#include <green/base/time.h>
#include <green/fiber/scheduler.h>

namespace green::monkeypatch::detail {

// When a call that begins now has to give up; never for what has no limit, and for what is no socket.
time_point deadline_of_send(green::detail::scheduler& s, int fd) noexcept;
time_point deadline_of_receive(green::detail::scheduler& s, int fd) noexcept;

// After a setsockopt(2) of SOL_SOCKET: whether such a limit may have been set.
void note_option_set(int name) noexcept;

}  // namespace green::monkeypatch::detail

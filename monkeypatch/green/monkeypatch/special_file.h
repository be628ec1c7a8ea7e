// SPDX-License-Identifier: BSL-1.0
// Reads and writes of what is neither file nor pipe nor socket: terminals, eventfd(2), timerfd_create(2) and their like.
// They have no call that never blocks, so poll(2) is asked first. But what it finds not ready is not always waited for:
// most of these refuse at once what makes no sense for them.
#pragma once

#include <green/base/time.h>
#include <green/monkeypatch/descriptor.h>

#include <cstddef>

namespace green::monkeypatch::detail {

// Its kind, unless it turns out that it cannot be waited for.
fd_kind special_kind(int fd, unsigned mode) noexcept;

// A read or write, as far as that decides whether there is something to wait for.
struct transfer {
    bool reads;
    std::size_t size_bytes;  // of writev(2): of its first piece
    const void* data;        // what is to be written
};

// What to do next.
enum class step {
    call,              // it does not block, whatever it returns
    call_nonblocking,  // the kernel decides: with O_NONBLOCK for the length of that call
    park,
};
step step_when_ready(fd_kind kind, int fd, const transfer& wanted) noexcept;
step step_when_not_ready(fd_kind kind, int fd, const transfer& wanted) noexcept;

// A read of a terminal that has nothing (termios(3), on VMIN and VTIME). First the process is stopped by SIGTTIN when it
// is in the background, as a read would do.
struct idle_terminal {
    step next;
    int error = 0;     // not 0: the read fails so
    duration limit{};  // not 0: having parked so long it returns 0
};
idle_terminal ask_idle_terminal(int fd) noexcept;

}  // namespace green::monkeypatch::detail

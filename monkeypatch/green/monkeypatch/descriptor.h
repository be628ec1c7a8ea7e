// SPDX-License-Identifier: BSL-1.0
// What the patch knows of descriptor numbers: which are the runtime's, which have a new meaning, and what kind they are.
#pragma once

#include <green/fiber/scheduler.h>
#include <green/monkeypatch/gate.h>

#include <cstdint>

namespace green::monkeypatch::detail {

// How a descriptor is read without blocking. Kept with what its hub knows of it (fd_state::kind), until it is closed.
enum class fd_kind : std::uint8_t {
    unknown,
    socket,        // MSG_DONTWAIT
    tcp,           // the same
    nowait,        // preadv2(2) with RWF_NOWAIT: pipes
    old_pipe,      // as ready_first, but a pipe (before Linux 6.4): ready to take PIPE_BUF bytes, and no more
    ready_first,   // poll(2) and then the call: devices and whatever else has no RWF_NOWAIT
    event_counter, timer, signals, notices, terminal,  // the same, but it is known what they wait for (special_file.h)
    never_blocks,  // regular files, directories, /dev/null: straight through
};

// `fd` must not be negative. Never unknown, but for want of memory.
fd_kind kind_of(green::detail::scheduler& s, int fd) noexcept;
// It has turned out to be another.
void set_kind(green::detail::scheduler& s, int fd, fd_kind kind) noexcept;

// Whether a read that ended short has emptied it: that is so for TCP, unless a protocol on top of it (TCP_ULP) makes them
// end between its records.
bool short_read_empties(green::detail::scheduler& s, int fd) noexcept;
// After a setsockopt(2) of IPPROTO_TCP.
void note_tcp_option_set(int name) noexcept;

// The kernel has just given out this number: whatever was known of it has been closed unseen.
void number_is_new(green::detail::scheduler& s, int fd) noexcept;

constexpr bool is_socket(fd_kind kind) noexcept {
    return kind == fd_kind::socket || kind == fd_kind::tcp;
}

// What is remembered of a number holds only while closes are seen: where family descriptor is left to libc, each call begins
// anew.
void forget_number(green::detail::scheduler& s, int fd) noexcept;
inline void forget_unless_closes_are_seen(green::detail::scheduler& s, int fd) noexcept {
    if (!is_patched(family::descriptor)) [[unlikely]] forget_number(s, fd);
}

}  // namespace green::monkeypatch::detail

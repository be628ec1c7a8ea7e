// SPDX-License-Identifier: BSL-1.0
// Waiting until a descriptor is ready: what every I/O operation does between two tries.
#pragma once

#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/hub/poller.h>

#include <system_error>

namespace green::detail {

// The wait of one fiber or coroutine for one direction of one descriptor, as an operation (fiber/park.h). Made for
// the hub that it runs on. Does nothing when the side is not drained.
class fd_wait {
  public:
    // `call` names the public call in dumps.
    fd_wait(poller& p, int fd, direction d, const char* call) noexcept
        : poller_(p), state_(p.state(fd)), side_(state_.side(d)), fd_(fd), direction_(d), call_(call) {}
    ~fd_wait();
    fd_wait(const fd_wait&) = delete;
    fd_wait& operator=(const fd_wait&) = delete;

    // Throws std::system_error: device_or_resource_busy when another one waits for this side already, and what
    // epoll_ctl(2) reports, EBADF above all.
    bool enqueue(wait_node& node);
    void withdraw(wait_node&) noexcept {}
    wait_reason reason() const noexcept { return {call_, this, &describe}; }

    // After the wait: the descriptor was closed meanwhile, and the number may already be somebody else's.
    bool closed_meanwhile() const noexcept { return began_ && *state_.newest != generation_; }

  private:
    static void describe(std::string& out, const void* object);

    poller& poller_;
    fd_state& state_;
    fd_side& side_;
    int fd_;
    direction direction_;
    bool began_ = false;
    std::uint32_t generation_ = 0;  // valid once it began
    const char* call_;
};

}  // namespace green::detail

namespace green {

// Parks until a read from `fd` would not block, or the peer has hung up; false when `deadline` passed first. The
// descriptor need not be non-blocking. Throws std::system_error: bad_file_descriptor when it is closed by
// close_fd() meanwhile, device_or_resource_busy when another fiber waits for it. A cancelled wait changes nothing.
bool wait_readable(int fd, time_point deadline = never);
// The same for writing.
bool wait_writable(int fd, time_point deadline = never);

// Closes `fd`; fibers that wait for it, on any hub, wake with bad_file_descriptor. Every descriptor that fibers
// wait for must be closed by this. `may_be_shared`: dups of it, or other processes, may keep the open file
// description alive. Does not park. Returns what close(2) returns.
int close_fd(int fd, bool may_be_shared = true) noexcept;

// The same as co_await.
namespace coro {
task<bool> wait_readable(int fd, time_point deadline = never);
task<bool> wait_writable(int fd, time_point deadline = never);
}  // namespace coro

}  // namespace green

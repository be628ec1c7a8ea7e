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
    // `state` is that of `fd`. `call` names the public call in dumps.
    fd_wait(poller& p, fd_state& state, int fd, direction d, const char* call) noexcept
        : poller_(p), state_(state), call_(call), fd_(fd), direction_(d) {}
    ~fd_wait() {
        if (began_ && state_.generation == generation_) poller_.end_wait(state_.side(direction_));
    }
    fd_wait(const fd_wait&) = delete;
    fd_wait& operator=(const fd_wait&) = delete;

    // Throws std::system_error: device_or_resource_busy when another one waits for this side already, and what
    // epoll_ctl(2) reports, EBADF above all.
    bool enqueue(wait_node& node) {
        if (const int refusal = begin(node)) [[unlikely]] refuse(refusal);
        return !began_;
    }
    void withdraw(wait_node&) noexcept {}
    wait_reason reason() const noexcept { return {call_, this, &describe}; }

    // After the wait: the descriptor was closed meanwhile, and the number may already be somebody else's.
    bool closed_meanwhile() const noexcept { return began_ && state_.closed_since(generation_); }

  protected:
    // Begins the wait, unless there is nothing to wait for. Returns 0, or the errno of a refusal.
    int begin(wait_node& node) noexcept {
        fd_side& side = state_.side(direction_);
        if (!side.drained) return 0;
        if (side.who || !state_.registered) [[unlikely]] {
            const int refusal = prepare(side);
            if (refusal || !side.drained) return refusal;
        }
        poller_.begin_wait(side, *node.owner);
        began_ = true;
        generation_ = state_.generation;
        return 0;
    }
    bool began() const noexcept { return began_; }

  private:
    int prepare(fd_side& side) noexcept;
    [[noreturn]] void refuse(int error) const;
    static void describe(std::string& out, const void* object);

    poller& poller_;
    fd_state& state_;
    const char* call_;
    int fd_;
    std::uint32_t generation_ = 0;  // valid once it began
    direction direction_;
    bool began_ = false;
};

// One that is over when it is refused.
struct fd_wait_or_refusal : fd_wait {
    using fd_wait::fd_wait;
    bool enqueue(wait_node& node) noexcept {
        refusal = begin(node);
        return !began();
    }

    int refusal = 0;  // an errno
};

}  // namespace green::detail

namespace green {

// Parks until a read from `fd` would not block, or the peer has hung up; false when `deadline` passed first. The
// descriptor need not be non-blocking; whoever owns it may close it as he likes, and the number may come back as another
// one, but only close_fd() wakes those who wait at that moment. Throws std::system_error: bad_file_descriptor when it is
// closed by close_fd() meanwhile, device_or_resource_busy when another fiber waits for it. A cancelled wait changes
// nothing.
bool wait_readable(int fd, time_point deadline = never);
// The same for writing.
bool wait_writable(int fd, time_point deadline = never);

// Closes `fd`; fibers that wait for it, on any hub, wake with bad_file_descriptor. Whatever has been read or written by
// the calls of io/transfer.h must be closed by this: they take the number for what it was. `may_be_shared`: dups of it, or other processes, may keep the open file
// description alive. Does not park. Returns what close(2) returns.
int close_fd(int fd, bool may_be_shared = true) noexcept;

// The same as co_await.
namespace coro {
task<bool> wait_readable(int fd, time_point deadline = never);
task<bool> wait_writable(int fd, time_point deadline = never);
}  // namespace coro

}  // namespace green

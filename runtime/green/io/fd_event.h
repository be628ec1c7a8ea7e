// SPDX-License-Identifier: BSL-1.0
// Waiting for the next event of any of several descriptors, whoever else waits for them: for those who ask the kernel
// before the wait and again after it.
#pragma once

#include <green/hub/poller.h>
#include <green/hub/waiter.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <span>

namespace green::detail {

// One descriptor of such a wait.
struct watched_fd : fd_listener {
    fd_state* state = nullptr;
    std::uint32_t generation = 0;
    int fd = -1;

    // Has its events reported from here on, those that are wanted and no others (not EPOLLHUP and EPOLLERR in any case, as by
    // the kernel). Returns 0 or an errno; EPERM means that it is always ready.
    int begin(poller& p, int number, std::uint32_t wanted) noexcept try {
        fd = number;
        state = &p.state(fd);
        generation = state->generation;
        events = wanted;
        return p.ensure_registered(fd, *state);
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
    // After the wait: the descriptor was closed meanwhile.
    bool closed_meanwhile() const noexcept { return state && state->closed_since(generation); }
};

// The wait, as an operation (fiber/park.h). All that is to be waited for has begun; an entry without a state is none.
class fd_event {
  public:
    fd_event(poller& p, std::span<watched_fd> watched, const char* call) noexcept
        : poller_(p), watched_(watched), call_(call) {}
    ~fd_event() {
        for (watched_fd& each : watched_) poller_.remove_listener(each);
    }
    fd_event(const fd_event&) = delete;
    fd_event& operator=(const fd_event&) = delete;

    bool enqueue(wait_node& node) noexcept {
        for (watched_fd& each : watched_)
            if (each.state) poller_.add_listener(*each.state, each, *node.owner);
        return false;
    }
    void withdraw(wait_node&) noexcept {}
    wait_reason reason() const noexcept { return {call_, this, &describe}; }

  private:
    static void describe(std::string& out, const void* object);

    poller& poller_;
    std::span<watched_fd> watched_;
    const char* call_;
};

}  // namespace green::detail

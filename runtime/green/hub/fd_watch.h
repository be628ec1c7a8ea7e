// SPDX-License-Identifier: BSL-1.0
// Watching a descriptor with a callback on the hub's own context, for event-driven libraries (c-ares) that have no
// fiber of their own.
#pragma once

#include <green/hub/loop.h>

#include <functional>

namespace green::detail {

// Calls `on_ready` on the hub's own context whenever the descriptor may be ready in one direction. The callback
// returns whether it has met EAGAIN: then it is called again after the next event; otherwise again soon, behind what
// is ready by then. It may destroy its own watch. At most one may watch or wait for a direction of a descriptor, and
// the watch must go before the descriptor is closed. Everything on the hub's own thread; nothing parks.
//
//     destroyed  <---------------------------------------------.
//     watching --- event ---> queued --- callback runs --------+--> watching or queued again
class fd_watch {
  public:
    using function = std::function<bool()>;

    // Throws std::system_error when epoll_ctl(2) refuses the descriptor, std::bad_alloc.
    fd_watch(loop& home, int fd, direction d, function on_ready);
    ~fd_watch();
    fd_watch(const fd_watch&) = delete;
    fd_watch& operator=(const fd_watch&) = delete;

  private:
    struct state;
    state* state_;
};

}  // namespace green::detail

// SPDX-License-Identifier: BSL-1.0
#include <green/hub/fd_watch.h>

#include <green/hub/hub.h>

#include <memory>
#include <system_error>

namespace green::detail {

// On the heap, because a queued runnable cannot be taken back: one that is orphaned in the queue frees itself there.
struct fd_watch::state final : waiter {
    state(loop& home, hub& face, int fd, direction d, fd_watch::function on_ready)
        : waiter(face, &run), home(home), fd(fd), watched(d), on_ready(std::move(on_ready)) {}

    fd_side& side() { return home.poller().state(fd).side(watched); }

    void watch() {
        begin({.call = "fd_watch"});
        home.poller().begin_wait(side(), *this);
        watching = true;
    }
    void stop_watching() noexcept {
        watching = false;
        if (side().who == this) home.poller().end_wait(side());
    }
    void queue() noexcept {
        settle_without_waiting();
        queued = true;
        home.make_ready(*this);
    }

    static void run(runnable& self) noexcept {
        auto& me = static_cast<state&>(self);
        me.stop_watching();
        me.queued = false;
        if (me.orphaned) {
            delete &me;
            return;
        }
        me.running = true;
        const bool drained = me.on_ready();
        me.running = false;
        if (me.orphaned) {
            delete &me;
        } else if (drained) {
            me.side().drained = true;
            me.watch();
        } else {
            me.queue();
        }
    }

    loop& home;
    int fd;
    direction watched;
    fd_watch::function on_ready;
    bool watching = false;         // the poller knows of it
    bool queued = false;           // by queue(); an event queues it without this
    bool running = false;
    bool orphaned = false;
};

fd_watch::fd_watch(loop& home, int fd, direction d, fd_watch::function on_ready) {
    auto fresh = std::make_unique<state>(home, hub::current(), fd, d, std::move(on_ready));
    fd_state& known = home.poller().state(fd);
    // A new registration reports what is ready already; an old one may have done so while nobody watched.
    if (!known.registered) fresh->side().drained = true;
    if (const int error = home.poller().ensure_registered(fd, known))
        throw std::system_error(error, std::generic_category(), "green: cannot watch fd " + std::to_string(fd));
    state_ = fresh.release();
    if (known.side(d).drained)
        state_->watch();
    else
        state_->queue();
}

fd_watch::~fd_watch() {
    const bool in_ready_queue = state_->queued || (state_->watching && !state_->waiting());
    state_->stop_watching();
    if (in_ready_queue || state_->running)
        state_->orphaned = true;
    else
        delete state_;
}

}  // namespace green::detail

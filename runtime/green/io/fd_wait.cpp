// SPDX-License-Identifier: BSL-1.0
#include <green/io/fd_wait.h>

#include <green/fiber/park.h>
#include <green/sys/calls.h>

#include <cerrno>
#include <string>

#include <poll.h>

namespace green {

namespace detail {

bool fd_wait::enqueue(wait_node& node) {
    if (!side_.drained) return true;
    const bool reading = direction_ == direction::read;
    if (side_.who)
        throw std::system_error(EBUSY, std::generic_category(),
                                std::string("green: another fiber already waits to ") + (reading ? "read" : "write") +
                                    " fd " + std::to_string(fd_));
    const int error = poller_.ensure_registered(fd_, state_);
    if (error == EPERM) {  // a regular file: always ready
        side_.drained = false;
        return true;
    }
    if (error)
        throw std::system_error(error, std::generic_category(), "green: cannot wait for fd " + std::to_string(fd_));
    poller_.begin_wait(side_, *node.owner);
    began_ = true;
    generation_ = state_.generation;
    return false;
}

fd_wait::~fd_wait() {
    if (began_ && state_.generation == generation_) poller_.end_wait(side_);
}

void fd_wait::describe(std::string& out, const void* object) {
    auto& self = *static_cast<const fd_wait*>(object);
    out += "fd " + std::to_string(self.fd_) + (self.direction_ == direction::read ? " readable" : " writable");
}

}  // namespace detail

namespace {

// Readiness is asked of the kernel, not remembered: nobody says how the descriptor was used before.
bool wait_ready(int fd, detail::direction d, const char* call, time_point deadline) {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), call);
    const short wanted = d == detail::direction::read ? POLLIN | POLLRDHUP : POLLOUT;
    auto& scheduler = detail::scheduler::current();
    auto& self = scheduler.running();
    auto& poller = scheduler.loop().poller();
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled(call);
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), call);  // poll(2) would ignore it
    for (;;) {
        short seen = 0;
        if (sys::poll_now(fd, wanted, seen) > 0) {
            if (seen & POLLNVAL) throw std::system_error(EBADF, std::generic_category(), call);
            detail::spend_turn(scheduler, self);
            return true;
        }
        poller.state(fd).side(d).drained = true;
        detail::fd_wait wait(poller, fd, d, call);
        if (detail::wait_for(wait, deadline) == detail::outcome::timed_out) return false;
        if (wait.closed_meanwhile()) throw std::system_error(EBADF, std::generic_category(), call);
    }
}

}  // namespace

bool wait_readable(int fd, time_point deadline) {
    return wait_ready(fd, detail::direction::read, "wait_readable", deadline);
}

bool wait_writable(int fd, time_point deadline) {
    return wait_ready(fd, detail::direction::write, "wait_writable", deadline);
}

int close_fd(int fd, bool may_be_shared) noexcept {
    detail::forget_fd(fd, may_be_shared);
    return sys::close(fd);
}

}  // namespace green

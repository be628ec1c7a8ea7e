// SPDX-License-Identifier: BSL-1.0
#include <green/io/fd_wait.h>

#include <green/coro/awaiter.h>
#include <green/fiber/park.h>
#include <green/sys/calls.h>

#include <cerrno>
#include <optional>
#include <string>

#include <poll.h>

namespace green {

namespace detail {

[[gnu::noinline, gnu::cold]] void fd_wait::refuse(int error) const {
    const std::string fd = "fd " + std::to_string(fd_);
    const char* verb = direction_ == direction::read ? "read " : "write ";
    throw std::system_error(error, std::generic_category(),
                            error == EBUSY ? std::string("green: another fiber already waits to ") + verb + fd
                                           : "green: cannot wait for " + fd);
}

[[gnu::noinline]] int fd_wait::prepare(fd_side& side) noexcept {
    if (side.who) return EBUSY;
    const int error = poller_.ensure_registered(fd_, state_);
    if (error != EPERM) return error;
    side.drained = false;  // a regular file: always ready
    return 0;
}

void fd_wait::describe(std::string& out, const void* object) {
    auto& self = *static_cast<const fd_wait*>(object);
    out += "fd " + std::to_string(self.fd_) + (self.direction_ == direction::read ? " readable" : " writable");
}

}  // namespace detail

namespace {

// Waits until the kernel says that a descriptor is ready. It is asked, and not what we remember: nobody says how the
// descriptor was used before.
class readiness {
  public:
    readiness(int fd, detail::direction d, const char* call) : fd_(fd), direction_(d), call_(call) {
        if (fd < 0) fail();  // poll(2) would ignore it
    }

    // After a wait: whether it is ready, or has to be waited for again.
    bool is_ready() const {
        if (wait_ && wait_->closed_meanwhile()) fail();
        return is_ready_;
    }

    // --- an operation ---
    bool enqueue(detail::wait_node& node) {
        const short wanted = direction_ == detail::direction::read ? POLLIN | POLLRDHUP : POLLOUT;
        short seen = 0;
        wait_.reset();
        is_ready_ = sys::poll_now(fd_, wanted, seen) > 0;
        if (seen & POLLNVAL) fail();
        if (is_ready_) return true;
        auto& poller = detail::loop_of(hub::current()).poller();
        poller.forget_if_replaced(fd_);
        detail::fd_state& state = poller.state(fd_);
        state.side(direction_).drained = true;
        return wait_.emplace(poller, state, fd_, direction_, call_).enqueue(node);
    }
    void withdraw(detail::wait_node&) noexcept { wait_.reset(); }
    detail::wait_reason reason() const noexcept { return {call_, this, &describe}; }

  private:
    [[noreturn]] void fail() const { throw std::system_error(EBADF, std::generic_category(), call_); }
    static void describe(std::string& out, const void* object) {
        auto& self = *static_cast<const readiness*>(object);
        if (self.wait_) self.wait_->reason().describe(out, &*self.wait_);
    }

    int fd_;
    detail::direction direction_;
    const char* call_;
    bool is_ready_ = false;
    std::optional<detail::fd_wait> wait_{};  // under way
};

bool wait_ready(readiness wanted, time_point deadline) {
    do {
        if (detail::wait_for(wanted, deadline) == detail::outcome::timed_out) return false;
    } while (!wanted.is_ready());
    return true;
}

coro::task<bool> wait_ready_task(int fd, detail::direction d, const char* call, time_point deadline) {
    readiness wanted(fd, d, call);
    do {
        const detail::outcome ended = co_await detail::perform(wanted, deadline);
        if (ended == detail::outcome::timed_out) co_return false;
    } while (!wanted.is_ready());
    co_return true;
}

}  // namespace

bool wait_readable(int fd, time_point deadline) {
    return wait_ready({fd, detail::direction::read, "wait_readable"}, deadline);
}

bool wait_writable(int fd, time_point deadline) {
    return wait_ready({fd, detail::direction::write, "wait_writable"}, deadline);
}

namespace coro {

task<bool> wait_readable(int fd, time_point deadline) {
    return wait_ready_task(fd, detail::direction::read, "wait_readable", deadline);
}

task<bool> wait_writable(int fd, time_point deadline) {
    return wait_ready_task(fd, detail::direction::write, "wait_writable", deadline);
}

}  // namespace coro

int close_fd(int fd, bool may_be_shared) noexcept {
    const detail::closing under_way(fd, may_be_shared);
    return sys::close(fd);
}

}  // namespace green

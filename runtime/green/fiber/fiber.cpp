// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/fiber.h>

#include <green/fiber/join.h>
#include <green/fiber/links.h>
#include <green/fiber/park.h>

namespace green {

namespace detail {
namespace {

std::exception_ptr or_exit(std::exception_ptr reason) {
    return reason ? reason : std::make_exception_ptr(fiber_exit());
}

}  // namespace
}  // namespace detail

fiber_handle fiber_handle::current() {
    detail::control& running = detail::scheduler::current().running();
    running.add_reference();
    return fiber_handle(running);
}

bool fiber_handle::join_until(time_point deadline) const {
    if (control_ == &detail::scheduler::current().running())
        throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                                "green: fiber \"" + name() + "\" joins itself");
    return detail::wait_for(detail::join_operation{*control_}, deadline) == detail::outcome::ready;
}

void fiber_handle::join() const {
    join_until(never);
}

bool fiber_handle::join_for(duration d) const {
    return join_until(hub::current().deadline_after(d));
}

void fiber_handle::kill_soon(std::exception_ptr reason) const {
    if (ended()) return;
    if (detail::current_hub != &control_->home()) {
        control_->home().call_soon([handle = *this, reason = detail::or_exit(std::move(reason))] {
            handle.control_->raise(reason);
        });
        return;
    }
    if (control_ == &detail::scheduler::current().running()) std::rethrow_exception(detail::or_exit(std::move(reason)));
    control_->raise(detail::or_exit(std::move(reason)));
}

void fiber_handle::kill(std::exception_ptr reason) const {
    kill_soon(std::move(reason));
    join();
}

std::uint64_t fiber_handle::link(std::function<void()> f) const {
    return detail::add_link(*control_, std::move(f));
}

bool fiber_handle::unlink(std::uint64_t id) const noexcept {
    return detail::remove_link(*control_, id);
}

fiber_state fiber_handle::state() const noexcept {
    detail::scheduler* s = detail::scheduler::current_or_null();
    if (ended()) return fiber_state::ended;
    if (s && control_ == &s->running()) return fiber_state::running;
    if (!control_->started) return fiber_state::unstarted;
    return control_->waiting() ? fiber_state::parked : fiber_state::ready;
}

std::exception_ptr fiber_handle::error() const noexcept {
    if (!ended() || !control_->error) return nullptr;
    control_->error_taken.store(true, std::memory_order_release);
    return control_->error;
}

void fiber_handle::join_and_rethrow() const {
    join();
    if (auto e = error()) std::rethrow_exception(e);
}

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/fiber.h>

#include <green/fiber/park.h>
#include <green/hub/join.h>

namespace green {

namespace {
[[noreturn, gnu::cold, gnu::noinline]] void refuse_to_join_itself(const fiber_handle& self) {
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "green: fiber \"" + self.name() + "\" joins itself");
}
}  // namespace

fiber_handle fiber_handle::current() {
    detail::control& running = detail::scheduler::current().running();
    running.add_reference();
    return fiber_handle(running);
}

bool fiber_handle::join_until(time_point deadline) const {
    detail::scheduler& s = detail::scheduler::current();
    detail::control& self = s.running();
    detail::join_operation end{checked_agent()};
    if (&end.target == &self) [[unlikely]] refuse_to_join_itself(*this);
    return detail::wait_for(s, self, end, deadline) == detail::outcome::ready;
}

void fiber_handle::join() const {
    join_until(never);
}

bool fiber_handle::join_for(duration d) const {
    return join_until(hub::current().deadline_after(d));
}

void fiber_handle::kill(std::exception_ptr reason) const {
    kill_soon(std::move(reason));
    join();
}

}  // namespace green

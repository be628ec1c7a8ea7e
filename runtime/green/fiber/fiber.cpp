// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/fiber.h>

#include <green/fiber/park.h>
#include <green/hub/join.h>

namespace green {

fiber_handle fiber_handle::current() {
    detail::control& running = detail::scheduler::current().running();
    running.add_reference();
    return fiber_handle(running);
}

bool fiber_handle::join_until(time_point deadline) const {
    return detail::wait_for(detail::end_of(checked_agent()), deadline) == detail::outcome::ready;
}

void fiber_handle::join() const {
    detail::wait_for(detail::end_of(checked_agent()));
}

bool fiber_handle::join_for(duration d) const {
    return join_until(hub::current().deadline_after(d));
}

void fiber_handle::kill(std::exception_ptr reason) const {
    kill_soon(std::move(reason));
    join();
}

}  // namespace green

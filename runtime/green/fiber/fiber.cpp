// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/fiber.h>

#include <green/fiber/park.h>
#include <green/hub/join.h>

namespace green {

namespace {
[[noreturn, gnu::cold]] void refuse_to_join_itself(const std::string& name) {
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "green: fiber \"" + name + "\" joins itself");
}
}  // namespace

fiber_handle fiber_handle::current() {
    detail::control& running = detail::scheduler::current().running();
    running.add_reference();
    return fiber_handle(running);
}

bool fiber_handle::join_until(time_point deadline) const {
    detail::agent& joined = checked_agent();
    if (&joined == &detail::scheduler::current().running()) [[unlikely]] refuse_to_join_itself(name());
    return detail::wait_for(detail::join_operation{joined}, deadline) == detail::outcome::ready;
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

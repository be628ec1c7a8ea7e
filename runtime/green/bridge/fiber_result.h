// SPDX-License-Identifier: BSL-1.0
// A task gets what a fiber returns.
#pragma once

#include <green/coro/awaiter.h>
#include <green/fiber/fiber.h>
#include <green/hub/join.h>

#include <type_traits>
#include <utility>

namespace green::coro {

// Keeps the handle, so that the result outlives a handle that goes during the wait.
template <class T, class Result>
class [[nodiscard]] fiber_result_awaiter : public detail::operation_awaiter<detail::join_operation> {
  public:
    explicit fiber_result_awaiter(green::fiber<T> of)
        : operation_awaiter(detail::end_of(of.checked_agent())), of_(std::move(of)) {}
    Result await_resume() {
        operation_awaiter::await_resume();
        return static_cast<std::add_rvalue_reference_t<Result>>(of_.ended_result());  // a value is moved out
    }

  private:
    green::fiber<T> of_;
};

// co_await: waits until the fiber has ended; gives its result, or throws what it threw, or no_result when it was killed
// (of a void fiber that is a normal end). May be called by several and again. The reference is valid as long as a
// handle is. Throws cancellation; then the fiber runs on.
//
//     auto page = green::spawn(fetch, url);
//     std::string text = co_await green::coro::get(page);
template <class T>
auto get(const green::fiber<T>& of) {
    return fiber_result_awaiter<T, std::add_lvalue_reference_t<std::remove_reference_t<T>>>(of);
}
// The same from a handle that goes away: the result is moved out.
template <class T>
auto get(green::fiber<T>&& of) {
    return fiber_result_awaiter<T, T>(std::move(of));
}

}  // namespace green::coro

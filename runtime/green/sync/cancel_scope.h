// SPDX-License-Identifier: BSL-1.0
// A stretch of code whose waits can be cut short together.
#pragma once

#include <green/base/function.h>
#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/hub/cancellation.h>
#include <green/hub/scope.h>

#include <functional>
#include <utility>

namespace green {

namespace detail {
class agent;
}

// What is inside from its construction to its destruction can be cancelled: every wait of the fiber that made it,
// and of the children of task groups inside. Cancellation is a state, not an event: once cancelled, every further
// wait inside throws `cancelled` until the scope is left. A cancelled wait did not happen: nothing was taken.
//
//     green::cancel_scope scope;
//     button.on_press([&] { scope.cancel(); });
//     try {
//         download();
//     } catch (const green::cancelled& request) {
//         if (!scope.owns(request)) throw;            // somebody else's: it travels on to its own scope
//     }
//
// with_cancel_scope() is the same without the try. Scopes nest; an outer one reaches through inner ones up to a
// shield. Lives on the stack of the fiber that made it and is used on that fiber's thread. No member parks; the
// constructor may create the thread's hub.
class cancel_scope {
  public:
    struct options {
        time_point deadline = never;  // cancels itself then; never: not by itself
        bool shielded = false;        // neither kills nor the scopes around it reach the waits inside
    };

    cancel_scope() : cancel_scope(options{}) {}
    explicit cancel_scope(const options& o);
    ~cancel_scope();
    cancel_scope(const cancel_scope&) = delete;
    cancel_scope& operator=(const cancel_scope&) = delete;

    // Ends every wait inside, except behind shields, now and until the scope is left. Idempotent.
    void cancel() noexcept { scope_.cancel(); }
    // It was cancelled, or its deadline cut a wait short.
    bool is_cancelled() const noexcept { return scope_.cancelled_itself(); }
    time_point deadline() const noexcept { return scope_.own_deadline(); }
    // Whether this scope is the one that `request` unwinds to.
    bool owns(const cancelled& request) const noexcept { return request.scope_id() == scope_.id(); }

  private:
    friend class task_group;

    detail::agent& owner_;
    detail::scope scope_;
};

// Calls f(scope) inside a new scope. True when it returned, false when it was unwound by this scope's cancellation.
// Parks as f does; throws what f throws.
template <class F>
bool with_cancel_scope(const cancel_scope::options& o, F&& f) {
    cancel_scope scope(o);
    try {
        detail::call_function(std::forward<F>(f), scope);
        return true;
    } catch (const cancelled& request) {
        if (!scope.owns(request)) throw;
        return false;
    }
}
template <class F>
bool with_cancel_scope(F&& f) {
    return with_cancel_scope({}, std::forward<F>(f));
}

// Calls f() where neither a kill nor a cancellation or deadline from outside ends a wait; what came meanwhile
// strikes at the next wait afterwards. For the last steps that must be done completely, though the end of the thread
// ends waits here too: what must be done even then belongs in a destructor. Parks as f does.
template <class F>
decltype(auto) shield(F&& f) {
    cancel_scope scope({.shielded = true});
    return detail::call_function(std::forward<F>(f));
}

// The same as co_await, of a task or of a callable that makes one.
namespace coro {
template <class F>
task<bool> with_cancel_scope(cancel_scope::options o, F f) {
    cancel_scope scope(o);
    try {
        co_await std::invoke(f, scope);
        co_return true;
    } catch (const cancelled& request) {
        if (!scope.owns(request)) throw;
    }
    co_return false;
}
template <class F>
auto with_cancel_scope(F f) {
    return with_cancel_scope({}, std::move(f));
}
template <class T>
task<T> shield(task<T> body) {
    cancel_scope scope({.shielded = true});
    co_return co_await std::move(body);
}
}  // namespace coro

}  // namespace green

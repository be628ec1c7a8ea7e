// SPDX-License-Identifier: BSL-1.0
// Handles to fibers.
#pragma once

#include <green/base/time.h>
#include <green/fiber/control.h>
#include <green/hub/agent_handle.h>
#include <green/hub/cancellation.h>

#include <exception>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace green {

// A shared handle to a fiber, whatever its result; see agent_handle for what needs no waiting.
class fiber_handle : public agent_handle {
  public:
    using agent_handle::agent_handle;

    // The running fiber, be it a main one.
    static fiber_handle current();

    // Parks until the fiber has ended, however it ended. Never rethrows what the fiber threw. Throws
    // std::system_error (resource_deadlock_would_occur) when a fiber joins itself.
    void join() const;
    // The same for at most `d`; false when it still runs.
    bool join_for(duration d) const;
    bool join_until(time_point deadline) const;

    // kill_soon(), and parks until the fiber has ended. Never throws what the victim throws.
    void kill(std::exception_ptr reason = nullptr) const;

    // For the rooms of the runtime.
    detail::control* get_control() const noexcept { return static_cast<detail::control*>(agent_.get()); }
};

namespace detail {

// A fiber's result: in the control block when it fits, else on the heap.
template <class T>
struct result_slot {
    static constexpr bool fits =
        sizeof(T) <= sizeof(control::result_storage) && alignof(T) <= alignof(std::max_align_t);

    static T& of(control& c) noexcept {
        if constexpr (fits)
            return *std::launder(reinterpret_cast<T*>(c.result_storage));
        else
            return **std::launder(reinterpret_cast<T**>(c.result_storage));
    }
    template <class F>
    static void fill(control& c, F& f) {
        if constexpr (fits)
            new (c.result_storage) T(f());
        else
            new (c.result_storage) T*(new T(f()));
        c.has_result = true;
        c.result_has_destructor = !std::is_trivially_destructible_v<T>;
    }
    static void discard(control& c) noexcept {
        if constexpr (fits)
            of(c).~T();
        else
            delete &of(c);
    }
};

template <class T>
using stored_result = std::conditional_t<std::is_reference_v<T>, std::reference_wrapper<std::remove_reference_t<T>>, T>;

}  // namespace detail

// A handle to a fiber that returns T.
//
//     green::fiber<int> answer = green::spawn([] { green::sleep(1s); return 42; });
//     int n = answer.get();
template <class T>
class fiber : public fiber_handle {
    using slot = detail::result_slot<detail::stored_result<T>>;

  public:
    fiber() = default;

    // Parks until the fiber has ended; returns its result, or throws what it threw, or no_result when it was
    // killed. May be called by several and again. The reference is valid as long as a handle is.
    std::remove_reference_t<T>& get() const& {
        this->join();
        return ended_result();
    }
    // The same from a handle that goes away: the result is moved out.
    T get() && {
        if constexpr (std::is_reference_v<T>)
            return std::as_const(*this).get();
        else
            return std::move(std::as_const(*this).get());
    }

    // For the rooms of the runtime: what get() gives, of one that has ended.
    std::remove_reference_t<T>& ended_result() const {
        this->rethrow();
        if (!this->agent_->has_result) throw no_result("fiber", this->name());
        return slot::of(*this->get_control());
    }

  private:
    using fiber_handle::fiber_handle;
    template <class U>
    friend fiber<U> make_fiber_handle(detail::control& c) noexcept;
};

template <>
class fiber<void> : public fiber_handle {
  public:
    fiber() = default;
    // Parks until the fiber has ended; throws what it threw. Being killed is a normal end.
    void get() const {
        join();
        ended_result();
    }
    void ended_result() const { rethrow(); }  // as above

  private:
    using fiber_handle::fiber_handle;
    template <class U>
    friend fiber<U> make_fiber_handle(detail::control& c) noexcept;
};

// For the rooms of the runtime: a handle that takes over a reference.
template <class T>
fiber<T> make_fiber_handle(detail::control& c) noexcept {
    return fiber<T>(c);
}

}  // namespace green

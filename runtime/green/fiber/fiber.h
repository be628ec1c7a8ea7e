// SPDX-License-Identifier: BSL-1.0
// Handles to fibers.
#pragma once

#include <green/base/time.h>
#include <green/fiber/cancellation.h>
#include <green/fiber/control.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace green {

class hub;

enum class fiber_state { unstarted, running, ready, parked, ended };

// Thrown by fiber<T>::get() when the fiber was killed before it had a result.
class no_result : public std::runtime_error {
  public:
    explicit no_result(const std::string& name) : runtime_error("green: fiber \"" + name + "\" was killed before it had a result") {}
};

// A shared handle to a fiber, whatever its result. Copies name the same fiber. A fiber runs on when its last
// handle goes; what it throws then is reported on standard error. Handles may be used from any thread, with or
// without a hub, except where noted.
class fiber_handle {
  public:
    fiber_handle() = default;  // names no fiber; only valid() and assignment are allowed
    fiber_handle(const fiber_handle& other) noexcept : control_(other.control_) {
        if (control_) control_->add_reference();
    }
    fiber_handle(fiber_handle&& other) noexcept : control_(std::exchange(other.control_, nullptr)) {}
    fiber_handle& operator=(fiber_handle other) noexcept {
        std::swap(control_, other.control_);
        return *this;
    }
    ~fiber_handle() {
        if (control_) control_->drop_reference();
    }

    // The running fiber, be it a main one.
    static fiber_handle current();

    bool valid() const noexcept { return control_ != nullptr; }
    // Parks until the fiber has ended, however it ended. Never rethrows what the fiber threw. Throws
    // std::system_error (resource_deadlock_would_occur) when a fiber joins itself.
    void join() const;
    // The same for at most `d`; false when it still runs.
    bool join_for(duration d) const;
    bool join_until(time_point deadline) const;

    // Makes the fiber give up: throws fiber_exit (or `reason`) at its present or next wait; one that has not
    // started never runs. Parks until it has ended. No-op when it has. Never throws what the victim throws.
    // Killing oneself throws at once.
    void kill(std::exception_ptr reason = nullptr) const;
    // The same without waiting for the end. Does not park.
    void kill_soon(std::exception_ptr reason = nullptr) const;

    // Calls f() on the fiber's hub after its end, never inline; after the end too. Links run in order of
    // registration, and one that throws is reported and stops no other. f must not park. Returns an id for unlink().
    std::uint64_t link(std::function<void()> f) const;
    bool unlink(std::uint64_t id) const noexcept;

    std::string name() const { return control_->name(); }
    // On the fiber's own thread.
    void set_name(std::string name) const { control_->set_name(std::move(name)); }
    std::uint64_t id() const noexcept { return control_->id; }
    bool ended() const noexcept { return control_->ended(); }
    // On the fiber's own thread, else a moment old.
    fiber_state state() const noexcept;
    // Ended with a result or by being killed, not with an error.
    bool succeeded() const noexcept { return ended() && !control_->error; }
    bool was_killed() const noexcept { return ended() && control_->ended_by_exit; }
    // What it threw, or null; counts as taken, so that it is not reported.
    std::exception_ptr error() const noexcept;

    friend bool operator==(const fiber_handle& a, const fiber_handle& b) noexcept { return a.control_ == b.control_; }

    // For the rooms of the runtime: a handle that takes over a reference.
    explicit fiber_handle(detail::control& c) noexcept : control_(&c) {}
    detail::control* get_control() const noexcept { return control_; }

  protected:
    void join_and_rethrow() const;

    detail::control* control_ = nullptr;
};

namespace detail {

// A fiber's result: in the control block when it fits, else on the heap.
template <class T>
struct result_slot {
    static constexpr bool fits = sizeof(T) <= sizeof(control::result_storage) && alignof(T) <= alignof(std::max_align_t);

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
        this->join_and_rethrow();
        if (!this->control_->has_result) throw no_result(this->name());
        return slot::of(*this->control_);
    }
    // The same from a handle that goes away: the result is moved out.
    T get() && {
        if constexpr (std::is_reference_v<T>)
            return std::as_const(*this).get();
        else
            return std::move(std::as_const(*this).get());
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
    void get() const { join_and_rethrow(); }

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

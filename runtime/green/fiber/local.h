// SPDX-License-Identifier: BSL-1.0
// Values of which every fiber has its own.
#pragma once

#include <green/hub/locals.h>

#include <functional>
#include <memory>
#include <utility>

namespace green {

namespace detail {

// The values of the running fiber or task, created when there are none.
local_values& running_locals();

}  // namespace detail

// One value of type T per fiber, made the first time a fiber asks for it and destroyed at that fiber's end.
//
//     green::fiber_local<std::string> user;              // usually static
//     green::spawn([&] { *user = "ann"; serve(); });     // other fibers do not see "ann"
//
// Must outlive every fiber that used it. Works on main fibers too, where values live as long as the thread's
// hub. Does not park, unless T's constructor does.
template <class T>
class fiber_local {
  public:
    explicit fiber_local(std::function<T()> make = [] { return T(); }) : make_(std::move(make)) {}
    fiber_local(const fiber_local&) = delete;
    fiber_local& operator=(const fiber_local&) = delete;

    T& operator*() { return get(); }
    T* operator->() { return &get(); }
    T& get() {
        if (void* found = detail::running_locals().find(this)) return *static_cast<T*>(found);
        auto object = std::make_shared<T>(make_());
        return *static_cast<T*>(detail::running_locals().add({this, std::move(object), copy()}));
    }

  protected:
    virtual std::shared_ptr<void> (*copy() const)(const void*) { return nullptr; }

  private:
    std::function<T()> make_;
};

// A fiber_local whose value is copied to every fiber that the present one spawns.
template <class T>
class inheritable_fiber_local : public fiber_local<T> {
  public:
    using fiber_local<T>::fiber_local;

  protected:
    std::shared_ptr<void> (*copy() const)(const void*) override {
        return [](const void* original) -> std::shared_ptr<void> {
            return std::make_shared<T>(*static_cast<const T*>(original));
        };
    }
};

}  // namespace green

// SPDX-License-Identifier: BSL-1.0
// What is thrown at a wait to make a fiber give up. None of it is a std::exception, so that a
// `catch (const std::exception&)` meant for errors does not swallow it.
#pragma once

#include <cstdint>

namespace green {

// The base of all unwinding requests. Catch it to clean up, then rethrow it.
class cancellation {
  public:
    virtual ~cancellation() = default;
    // A short phrase: "killed", "cancelled".
    virtual const char* what() const noexcept = 0;
};

// Thrown by kill(). A fiber that ends by it has ended normally, without a result.
class fiber_exit : public cancellation {
  public:
    const char* what() const noexcept override { return "killed"; }
};

// What throw_into() throws into a greenlet by default, and what a greenlet is unwound by when its last handle goes. One
// that ends by it has ended normally, without a result.
class greenlet_exit : public cancellation {
  public:
    const char* what() const noexcept override { return "greenlet exit"; }
};

// Thrown at every wait inside a scope that was cancelled or whose deadline has passed. It carries the scope's
// identity, and only that scope absorbs it.
class cancelled : public cancellation {
  public:
    explicit cancelled(std::uint64_t scope_id) noexcept : scope_id_(scope_id) {}
    const char* what() const noexcept override { return "cancelled"; }
    std::uint64_t scope_id() const noexcept { return scope_id_; }

  private:
    std::uint64_t scope_id_;
};

}  // namespace green

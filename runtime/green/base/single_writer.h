// SPDX-License-Identifier: BSL-1.0
// A number that one thread counts with, at the price of a plain one, and others may look at.
#pragma once

#include <atomic>

namespace green::detail {

// All accesses are relaxed: whoever looks sees some value that it had a moment ago, and nothing else of that thread.
template <class T>
class single_writer {
  public:
    constexpr single_writer(T value) noexcept : value_(value) {}

    operator T() const noexcept { return value_.load(std::memory_order_relaxed); }
    T operator=(T value) noexcept {
        value_.store(value, std::memory_order_relaxed);
        return value;
    }
    T operator+=(T more) noexcept { return *this = static_cast<T>(*this + more); }
    T operator--() noexcept { return *this = static_cast<T>(*this - 1); }

  private:
    std::atomic<T> value_;
};

}  // namespace green::detail

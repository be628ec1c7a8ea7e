// SPDX-License-Identifier: BSL-1.0
// A callable that somebody else calls later: std::function for move-only things, which C++20 lacks
// (C++23: std::move_only_function).
#pragma once

#include <green/base/function.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace green {

// Holds any `void()` callable. Empty when default-constructed or moved from; calling an empty one is undefined.
class callback {
  public:
    callback() = default;

    template <class F>
        requires(!std::is_same_v<std::decay_t<F>, callback> && std::is_invocable_v<std::decay_t<F>&>)
    callback(F&& f) : target_(std::make_unique<holder<std::decay_t<F>>>(std::forward<F>(f))) {}

    explicit operator bool() const noexcept { return target_ != nullptr; }
    void operator()() { target_->call(); }

  private:
    struct base {
        virtual ~base() = default;
        virtual void call() = 0;
    };
    template <class F>
    struct holder final : base {
        explicit holder(const F& called) : f(called) {}
        explicit holder(F&& called) : f(std::move(called)) {}
        void call() override { detail::call_function(f); }
        F f;
    };

    std::unique_ptr<base> target_;
};

}  // namespace green

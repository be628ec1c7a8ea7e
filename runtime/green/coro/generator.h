// SPDX-License-Identifier: BSL-1.0
// A sequence that a coroutine computes as it is asked for; the stackless twin of fiber/generator.h.
#pragma once

#include <green/base/caught.h>
#include <green/base/check.h>
#include <green/coro/recycled.h>
#include <green/coro/trampoline.h>
#include <green/hub/carried_scopes.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace green::coro {

template <class T>
class generator;

// For co_yield: all elements of another generator, however deep they nest, at the price of one.
template <class T>
struct elements_of {
    explicit elements_of(generator<T> nested) noexcept : all(std::move(nested)) {}
    generator<T> all;
};

// A range of T whose elements are computed one at a time. An input range: for a range-for and for std::views.
//
//     green::coro::generator<int> walk(const node* n) {
//         if (!n) co_return;
//         co_yield green::coro::elements_of(walk(n->left));
//         co_yield n->value;
//         co_yield green::coro::elements_of(walk(n->right));
//     }
//
// It may yield from its own body only, not from functions that it calls: those are generators themselves, as above
// (compare green::generator). It never waits; async_generator does. A scope or timeout of its own that is open at a
// co_yield is out of force until the next element is asked for. What it throws is thrown at begin() or ++. One that is
// dropped before its end is destroyed where it stands; dropped, or asked, while it computes, it aborts. After P2502
// (std::generator of C++23).
template <class T>
class [[nodiscard]] generator : public std::ranges::view_interface<generator<T>> {
    using value = std::remove_cvref_t<T>;
    using reference = std::conditional_t<std::is_reference_v<T>, T, T&&>;

  public:
    class promise_type;
    class iterator;

    generator(generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    generator& operator=(generator&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~generator() {
        if (!frame_) return;
        if (frame_.done())
            frame_.destroy();
        else
            frame_.promise().destroy_unfinished();
    }

    // To be called once; a second time aborts.
    iterator begin() {
        check_unused();
        frame_.promise().resume_innermost();
        return iterator(frame_);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    explicit generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    void check_unused() const noexcept {
        detail::check(frame_ && !frame_.done() && !frame_.promise().element_,
                      "a generator that was begun or moved from already");
    }
    std::coroutine_handle<promise_type> frame_;
};

template <class T>
class generator<T>::promise_type : public detail::recycled {
    using frame = std::coroutine_handle<promise_type>;

  public:
    generator get_return_object() noexcept { return generator(frame::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept { return back_to_parent(); }
    void return_void() const noexcept {}
    void unhandled_exception() {
        if (!parent_) throw;  // out of resume(), to the consumer
        error_ = detail::caught_at_the_end();
    }
    void await_transform() = delete;  // a generator does not wait

    std::suspend_always yield_value(reference element) noexcept {
        root_->element_ = std::addressof(element);
        return {};
    }
    // A value that is not of the element's type is converted.
    template <class U>
        requires(!std::same_as<std::remove_cvref_t<U>, value> && std::convertible_to<U, value>)
    auto yield_value(U&& other) {
        return own_element{value(std::forward<U>(other)), *root_};
    }
    auto yield_value(const value& element)
        requires std::is_rvalue_reference_v<reference> && std::copy_constructible<value>
    {
        return own_element{element, *root_};
    }
    auto yield_value(elements_of<T> nested) noexcept {
        nested.all.check_unused();
        return into{std::move(nested.all)};
    }

    // Of the outermost generator: runs until there is an element, or the end.
    void resume_innermost() {
        detail::check(!std::exchange(computes_, true), "a generator is asked for an element while it computes one");
        scopes_.enter_running();
        chain_.run();
        scopes_.leave_running();
        computes_ = false;
    }
    reference element() const noexcept { return static_cast<reference>(*root_->element_); }
    [[gnu::noinline]] void destroy_unfinished() noexcept {
        detail::check(!computes_, "a generator goes away while it computes an element");
        scopes_.destroy_inside([this] {
            destroy_nested();
            frame::from_promise(*this).destroy();
        });
    }

  private:
    friend generator;
    // Those that it is in the middle of, from the innermost outwards: each destroying the next would use up the stack.
    void destroy_nested() noexcept {
        if (root_ != this) return;
        frame at = frame::from_address(chain_.innermost().address());
        while (generator* const holder = at.promise().held_by_) {
            at = at.promise().parent_;
            std::exchange(holder->frame_, nullptr).destroy();
        }
    }
    // An element that is not there otherwise: it lives in the frame while it is looked at.
    struct own_element {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) noexcept { root.element_ = std::addressof(element); }
        void await_resume() const noexcept {}
        value element;
        promise_type& root;
    };
    // Goes into a nested generator, and comes back when that has ended.
    struct into {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(frame outer) noexcept {
            promise_type& inner = nested.frame_.promise();
            inner.root_ = outer.promise().root_;
            inner.parent_ = outer;
            inner.held_by_ = &nested;
            return inner.root_->chain_.transfer_to(nested.frame_);
        }
        void await_resume() const {
            if (nested.frame_.promise().error_) std::rethrow_exception(nested.frame_.promise().error_);
        }
        generator nested;
    };
    struct back_to_parent {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(frame ended) const noexcept {
            promise_type& self = ended.promise();
            if (!self.parent_) return std::noop_coroutine();
            return self.root_->chain_.transfer_to(self.parent_);
        }
        void await_resume() const noexcept {}
    };

    promise_type* root_ = this;
    frame parent_ = nullptr;                                 // of a nested one
    generator* held_by_ = nullptr;                           // ... in the frame of its parent
    detail::trampoline chain_{frame::from_promise(*this)};   // valid in the outermost one
    std::remove_reference_t<reference>* element_ = nullptr;  // ... and this
    bool computes_ = false;                                  // ... and this; stays when an exception has ended it
    detail::carried_scopes scopes_;                          // ... and this: of all that are nested
    std::exception_ptr error_;                               // of a nested one that has ended
};

template <class T>
class generator<T>::iterator {
  public:
    using value_type = value;
    using difference_type = std::ptrdiff_t;

    explicit iterator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;

    reference operator*() const noexcept { return frame_.promise().element(); }
    iterator& operator++() {
        frame_.promise().resume_innermost();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.frame_.done(); }

  private:
    std::coroutine_handle<promise_type> frame_;
};

}  // namespace green::coro

template <class T>
inline constexpr bool std::ranges::enable_view<green::coro::generator<T>> = true;

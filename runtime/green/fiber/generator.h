// SPDX-License-Identifier: BSL-1.0
// Lazy sequences from plain functions. Unlike a stackless one, a generator's function may yield from any depth of
// ordinary calls. Its twin is coro/generator.h.
#pragma once

#include <green/base/function.h>
#include <green/fiber/greenlet.h>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace green {

// The values that a function yields, one at a time, computed when they are asked for.
//
//     void walk(const node& n, auto yield) {
//         if (n.left) walk(*n.left, yield);
//         yield(n.value);
//         if (n.right) walk(*n.right, yield);
//     }
//     green::generator<int> in_order([&](auto yield) { walk(root, yield); });
//     for (int value : in_order | std::views::take(10)) std::cout << value << '\n';
//
// Creating one runs nothing; begin() runs the function up to its first yield, ++ up to the next. What the function
// throws comes out of these. A generator that goes away unfinished unwinds its function's stack, as a greenlet does;
// one that goes away while it computes a value, for its own function or another fiber, aborts.
// It may be moved, and asked by one fiber after another of its thread. Its function may sleep, read and lock: then the
// fiber that asks parks, with its own timeouts in force. It is an input range: each value is there until the next is
// asked for.
//
// generator<T> yields T& to an object on the function's stack, which the consumer may move from; generator<T&> and
// generator<const T&> yield what they are given, uncopied.
template <class T>
class generator {
    static_assert(!std::is_void_v<T> && !std::is_rvalue_reference_v<T>);

  public:
    using value_type = std::remove_cvref_t<T>;
    using reference = std::conditional_t<std::is_reference_v<T>, T, T&>;

    class yielder;
    class iterator;

    // Does not park; throws as creating a greenlet does.
    template <class F>
        requires std::invocable<F&, yielder>
    explicit generator(F function) : generator(greenlet_options{}, std::move(function)) {}
    // `options.parent` means nothing here: whoever asks is the parent meanwhile.
    template <class F>
        requires std::invocable<F&, yielder>
    generator(const greenlet_options& options, F function)
        : flow_(nullptr, options, [function = std::move(function)]() mutable -> pointer {
              try {
                  detail::call_function(function, yielder(*detail::scheduler::current().running().greenlet));
              } catch (const greenlet_exit&) {
              }
              return nullptr;
          }) {}
    generator(generator&& other) noexcept
        : flow_(std::move(other.flow_)), present_(std::exchange(other.present_, nullptr)) {}
    generator& operator=(generator&& other) noexcept {
        check_at_rest();
        flow_ = std::move(other.flow_);
        present_ = std::exchange(other.present_, nullptr);
        return *this;
    }
    ~generator() { check_at_rest(); }

    // Where it stands; at the first value when it has not been asked before. Parks as the function does, and throws
    // what it throws; std::logic_error in a hub callback, on another thread, and from within its own function.
    iterator begin() {
        if (!present_ && flow_.valid() && !flow_.dead()) advance();  // refused while it computes
        return iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    using pointer = std::add_pointer_t<reference>;

    // Whoever has asked it comes back to it.
    void check_at_rest() const noexcept {
        detail::check(!flow_.valid() || !flow_.get_block()->parent_is_lent,
                      "a generator goes away while it computes a value");
    }
    [[gnu::always_inline]] void advance() {
        present_ = nullptr;
        detail::greenlet_block& flow = *flow_.get_block();
        const detail::lent_parent lent(flow);
        present_ = detail::hand_over<pointer, void>(flow, nullptr);
    }

    detail::typed_greenlet<pointer, void> flow_;
    pointer present_ = nullptr;
};

// What a generator's function yields with. A copy may be passed on by value to whatever it calls; it is of use only on
// the generator's own stack, and as long as that lives. Yielding throws std::logic_error elsewhere, as in another
// greenlet that the function runs.
template <class T>
class generator<T>::yielder {
  public:
    [[gnu::always_inline]] void operator()(T&& value) const
        requires(!std::is_reference_v<T>)
    {
        yield(std::addressof(value));
    }
    [[gnu::always_inline]] void operator()(const T& value) const
        requires(!std::is_reference_v<T> && std::copy_constructible<T>)
    {
        T copy(value);
        yield(std::addressof(copy));
    }
    [[gnu::always_inline]] void operator()(T value) const
        requires(std::is_reference_v<T>)
    {
        yield(std::addressof(value));
    }

  private:
    friend class generator;
    explicit yielder(detail::greenlet_block& flow) noexcept : flow_(&flow) {}

    [[gnu::always_inline]] void yield(pointer value) const {
        if (detail::scheduler::current().running().greenlet != flow_ || !flow_->parent) [[unlikely]]
            detail::refuse_to_yield();
        detail::hand_over<void, pointer>(*flow_->parent, &value);
    }

    detail::greenlet_block* flow_;
};

template <class T>
class generator<T>::iterator {
  public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = generator::value_type;
    using difference_type = std::ptrdiff_t;

    reference operator*() const noexcept { return *from_->present_; }
    pointer operator->() const noexcept { return from_->present_; }
    // Throws and parks as begin() does.
    [[gnu::always_inline]] iterator& operator++() {
        from_->advance();
        return *this;
    }
    [[gnu::always_inline]] void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.is_at_end(); }

  private:
    friend class generator;
    explicit iterator(generator& from) noexcept : from_(&from) {}
    bool is_at_end() const noexcept { return !from_->present_; }

    generator* from_;
};

}  // namespace green

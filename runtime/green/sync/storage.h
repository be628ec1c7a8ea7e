// SPDX-License-Identifier: BSL-1.0
// In which order a queue gives its items out. Each storage is used under the queue's lock: push() may allocate,
// but not right after a pop(); nothing else does or throws.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace green {

namespace detail {

// First in, first out: a ring that doubles. Rejected: std::deque, which may allocate when pushing after a pop.
template <class T>
class ring {
  public:
    ring() = default;
    ~ring() {
        while (size_ > 0) pop();
        std::allocator<T>().deallocate(cells_, capacity_);
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    std::size_t size() const noexcept { return size_; }
    void push(T&& item) {
        if (size_ == capacity_) grow();
        std::construct_at(&cells_[(first_ + size_) & (capacity_ - 1)], std::move(item));
        ++size_;
    }
    T pop() noexcept {
        T& front = cells_[first_];
        T item(std::move(front));
        std::destroy_at(&front);
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
        return item;
    }

  private:
    void grow() {
        const std::size_t wider = capacity_ ? capacity_ * 2 : 8;
        T* cells = std::allocator<T>().allocate(wider);
        const std::size_t count = size_;
        for (std::size_t i = 0; i < count; ++i) std::construct_at(&cells[i], pop());
        std::allocator<T>().deallocate(cells_, capacity_);
        cells_ = cells;
        capacity_ = wider;
        first_ = 0;
        size_ = count;
    }

    T* cells_ = nullptr;
    std::size_t capacity_ = 0;  // zero or a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

template <class T>
class stack_of {
  public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T&& item) { items_.push_back(std::move(item)); }
    T pop() noexcept {
        T item(std::move(items_.back()));
        items_.pop_back();
        return item;
    }

  private:
    std::vector<T> items_;
};

template <class T, class Compare>
class heap {
  public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T&& item) {
        items_.push_back(std::move(item));
        std::push_heap(items_.begin(), items_.end(), before_);
    }
    T pop() noexcept {
        std::pop_heap(items_.begin(), items_.end(), before_);
        T item(std::move(items_.back()));
        items_.pop_back();
        return item;
    }

  private:
    std::vector<T> items_;
    [[no_unique_address]] Compare before_;
};

}  // namespace detail

// The orders a queue can have: first in first out; last in first out; greatest first, as std::priority_queue.
struct fifo {
    template <class T>
    using storage = detail::ring<T>;
};
struct lifo {
    template <class T>
    using storage = detail::stack_of<T>;
};
template <class Compare>
struct priority {
    template <class T>
    using storage = detail::heap<T, Compare>;
};

}  // namespace green
